"""Every route has an audience, a guard and a policy line; the description tells the truth."""

import re
from typing import get_args

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.chapters import CHAPTERS
from api.registry import Audience
from app.core.types import LEVELS


@pytest.fixture
def routes(app):
    """(rule, methods, line of the route table or None) of everything the application answers."""
    return [
        (rule.rule, rule.methods, getattr(app.view_functions[rule.endpoint], "huiban_route", None))
        for rule in app.url_map.iter_rules()
    ]


def test_every_route_has_an_audience_a_guard_and_a_policy(routes):
    assert len(routes) > 15
    for rule, _, line in routes:
        assert line is not None, f"{rule} has no guard"
        assert line.audience in get_args(Audience), rule
        assert line.level in (*LEVELS, "anonymous", "operator", "second_factor"), rule
        assert len(line.policy) > 5, f"{rule} does not say which relation it checks"


OPEN_TO_ALL = {
    "/api/v1/auth/codes",
    "/api/v1/auth/sessions",
    "/api/v1/auth/passwords",
    "/api/v1/auth/miniprogram/alipay",
    "/api/v1/auth/one-tap",
    "/api/v1/auth/scan-logins",
    "/api/v1/auth/scan-logins/<uuid:scan_id>/claim",
    "/api/v1/auth/miniprogram/wechat",
    # Whoever has the link of a mandate that waits.
    "/api/v1/family/face-confirmations",
    "/api/v1/family/face-confirmations/checks",
    "/api/v1/family/face-confirmations/result",
    "/api/v1/family/face-confirmations/decline",
    "/api/v1/family/face-confirmations/withdraw",
    "/api/v1/auth/sessions/refresh",
    "/api/v1/officer/sessions",
    "/api/v1/officer/sessions/second-factor",
    "/api/v1/officer/sessions/refresh",
    "/api/v1/regions",
    "/api/v1/menu",
    "/api/v1/matters",
    "/api/v1/matters/<code>",
    "/api/v1/health-code/keys",
    "/api/v1/privacy/purposes",
    "/callbacks/wechatpay",
    "/callbacks/wechatpay/<string:merchant_ref>",
    "/healthz",
    "/readyz",
    "/ops/status",
    "/openapi.json",
    # OpenID: a client, a token or a browser proves itself in the standard's own ways.
    "/.well-known/openid-configuration",
    "/.well-known/jwks.json",
    "/oauth/authorize",
    "/oauth/continue/<uuid:request_id>",
    "/oauth/token",
    "/oauth/userinfo",
    "/oauth/revoke",
    "/oauth/introspect",
    "/oauth/logout",
}


def test_only_known_routes_are_open_to_everybody(routes):
    open_to_all = {rule for rule, _, line in routes if line.level == "anonymous"}
    assert open_to_all == OPEN_TO_ALL


def test_without_a_token_every_other_route_answers_401(routes, client):
    tried = 0
    for rule, _, line in routes:
        if line.level in ("anonymous", "operator"):
            continue
        path = re.sub(r"<[^>]+>", "00000000-0000-4000-8000-000000000000", rule)
        for method in line.methods:
            answer = client.open(path, method=method, json={})
            assert answer.status_code == 401, f"{method} {rule}"
            assert answer.mimetype == "application/problem+json"
            tried += 1
    assert tried > 8


def test_an_operators_route_looks_absent_from_elsewhere(client):
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    hidden = client.get("/metrics", environ_base=elsewhere)
    absent = client.get("/nothing-here", environ_base=elsewhere)
    assert hidden.status_code == absent.status_code == 404
    assert hidden.get_json()["code"] == absent.get_json()["code"]
    assert client.get("/metrics").status_code == 200


def test_the_openapi_document_is_valid_and_complete(client, routes):
    document = client.get("/openapi.json").get_json()
    OpenAPIV31SpecValidator(document).validate()
    described = {
        (path, method.upper())
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    served = {
        (re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule), method)
        for rule, _, line in routes
        for method in line.methods
    }
    assert described == served


@pytest.mark.parametrize("query", ["", "?audience=citizen", "?audience=officer"])
def test_every_operation_stands_in_a_chapter_that_says_in_both_languages_what_it_is(client, query):
    document = client.get(f"/openapi.json{query}").get_json()
    chapters = {tag["name"]: tag["description"] for tag in document["tags"]}
    used = [
        operation["tags"]
        for operations in document["paths"].values()
        for method, operation in operations.items()
        if method != "parameters"
    ]
    assert {tag for tags in used for tag in tags} == set(chapters), "add it to api/chapters.py"
    assert all(len(tags) == 1 for tags in used)
    both = re.compile(r"[一-鿿].* [A-Z][A-Za-z ,]+")
    for name, about in chapters.items():
        assert both.fullmatch(name), name
        assert both.match(about), name


def test_a_reader_meets_the_login_first_and_operations_last(client):
    names = [tag["name"] for tag in client.get("/openapi.json").get_json()["tags"]]
    assert names[:2] == ["统一登录 One login", "我的账号 Myself"]
    assert names[-1] == "运维 Operations"
    assert len(names) == len(CHAPTERS)


@pytest.mark.parametrize("audience", ["citizen", "verifier", "officer"])
def test_each_audience_sees_its_own_operations_only(client, audience):
    document = client.get(f"/openapi.json?audience={audience}").get_json()
    OpenAPIV31SpecValidator(document).validate()
    found = {
        operation["x-audience"]
        for operations in document["paths"].values()
        for method, operation in operations.items()
        if method != "parameters"
    }
    assert found == {audience, "public"}


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/nothing-here", (404, "not_found")),
        ("DELETE", "/api/v1/auth/codes", (405, "method_not_allowed")),
        ("GET", "/healthz?x=1", (422, "invalid_input")),
    ],
)
def test_the_frameworks_refusals_are_problems_too(client, method, path, kind):
    answer = client.open(path, method=method)
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == kind
    assert answer.mimetype == "application/problem+json"
    assert set(body) >= {"type", "title", "status", "code", "detail", "trace_id"}


@pytest.mark.parametrize(
    ("data", "content_type", "kind"),
    [
        (b"{", "application/json", (400, "malformed_request")),
        (b"\xff\xfe", "application/json", (400, "malformed_request")),
        (b"[" * 50_000, "application/json", (400, "malformed_request")),
        (b'{"a":' * 20_000, "application/json", (400, "malformed_request")),
        (b"[]", "application/json", (422, "invalid_input")),
        (b"null", "application/json", (422, "invalid_input")),
        (b'"text"', "application/json", (422, "invalid_input")),
        (b"12", "application/json", (422, "invalid_input")),
        (b"phone=1", "application/x-www-form-urlencoded", (422, "invalid_input")),
        (b"", "application/json", (422, "invalid_input")),
        (b'{"phone":"\\u0000","purpose":"login"}', "application/json", (422, "invalid_input")),
        (b'{"phone":"\\ud800","purpose":"login"}', "application/json", (422, "invalid_input")),
        (
            b'{"phone":' + b"9" * 5_000 + b',"purpose":"login"}',
            "application/json",
            (400, "malformed_request"),
        ),
        (b" " * 300_000, "application/json", (413, "too_large")),
    ],
)
def test_hostile_bodies_get_a_clear_refusal(client, data, content_type, kind):
    answer = client.post("/api/v1/auth/codes", data=data, content_type=content_type)
    assert (answer.status_code, answer.get_json()["code"]) == kind


def test_unknown_query_fields_are_refused_on_every_route(routes, client, invent):
    person, tried = invent(), 0
    for rule, _, line in routes:
        if "GET" not in line.methods or "<" in rule or line.level == "operator":
            continue
        if line.audience == "openid":
            # OAuth demands that parameters nobody knows are ignored.
            continue
        answer = client.get(f"{rule}?unheard_of=1", headers=person.headers)
        if line.audience in ("verifier", "officer"):
            assert answer.status_code == {"verifier": 403, "officer": 401}[line.audience], rule
            continue
        assert answer.status_code == 422, rule
        assert "unheard_of" in answer.get_json()["errors"], rule
        tried += 1
    assert tried > 8


def test_english_is_spoken_to_those_who_ask(client):
    chinese = client.get("/nothing-here").get_json()["detail"]
    english = client.get("/nothing-here", headers={"Accept-Language": "en-GB"}).get_json()["detail"]
    assert chinese == "未找到该内容。"
    assert english == "There is nothing here."
