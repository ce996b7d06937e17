"""Hostile input gets 422 or 404, never 500."""

import base64
import json

import pytest

pytestmark = pytest.mark.usefixtures("imported")


def cursor(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize("path", ["regions", "menu", "matters", "matters/ZZ4DEA9FF34B"])
@pytest.mark.parametrize(
    "query",
    [
        {"unknown": "1"},
        {"region": "42"},
        {"parent": "42"},
        {"region": "42010000000x"},
        {"parent": "42010000000\n"},
        {"region": "420100000000\n"},
        {"region": "４２０１００００００００"},
        {"region": ""},
        {"region": "4" * 5_000},
        {"audience": "dog"},
        {"audience": "\x00"},
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "1e3"},
        {"q": ""},
        {"q": "长" * 61},
        {"q": "a\x00b"},
        {"q": "\u202e\x1b"},
        {"theme": "1234"},
        {"theme": "\x00"},
        {"cursor": "x"},
        {"cursor": "\x00"},
    ],
)
def test_bad_query_fields_are_refused(client, path, query):
    encoded = "&".join(
        f"{name}=" + "".join(f"%{byte:02x}" for byte in value.encode("utf-8", "surrogatepass"))
        for name, value in query.items()
    )
    answer = client.get(f"/api/v1/{path}?{encoded}")
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    "value",
    [
        [],
        [0, 1],
        [0, 1, 2],
        [0, 1, None],
        [0, True, "ZZ"],
        [0.5, 1, "ZZ"],
        [-1, 1, "ZZ"],
        [2**31, 1, "ZZ"],
        [0, 10**400, "ZZ"],
        [0, 1, "Z\x00Z"],
        [0, 1, "全角"],
        [0, 1, ""],
        {"a": 1},
        "ZZ",
        None,
    ],
)
def test_a_forged_cursor_is_refused(client, value):
    answer = client.get("/api/v1/matters", query_string={"cursor": cursor(value)})
    assert answer.status_code == 422


def test_a_cursor_beyond_the_end_is_an_empty_page(client):
    last = cursor([0, 2**31 - 1, "ZZ"])
    answer = client.get("/api/v1/matters", query_string={"cursor": last})
    assert answer.get_json() == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    "code",
    ["x", "ZZ0000000000", "%00", "%F0%9F%98%80", "a" * 3_000, "%25", "'%20OR%201=1", "%ED%A0%80"],
)
def test_an_unknown_code_is_not_found(client, code):
    answer = client.get(f"/api/v1/matters/{code}")
    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("region", ["429999000000", "421023000000"])
def test_an_unknown_region_is_not_found(client, region):
    for path in ("menu", "matters", "matters/ZZ4DEA9FF34B"):
        answer = client.get(f"/api/v1/{path}?region={region}")
        assert answer.status_code == 404
        assert answer.get_json()["code"] == "region_not_found"


def test_broken_utf_8_is_text_like_any_other(client):
    assert client.get("/api/v1/matters?q=%ED%A0%80%FF").get_json()["items"] == []


def test_other_methods_are_refused(client):
    for path in ("regions", "menu", "matters", "matters/x"):
        assert client.post(f"/api/v1/{path}", json={}).status_code == 405
