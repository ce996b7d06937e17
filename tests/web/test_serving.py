"""The built pages as the running product sends them: headers, compression, caching, absence."""

import gzip
import re
from functools import partial

import httpx
import pytest
from werkzeug.test import Client

from api.pages import Pages
from app.settings import SettingsError
from app.settings import load as load_settings

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def http(stack):
    """The running product, asked without following redirects."""
    with httpx.Client(base_url=stack.url, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def assets(http):
    """Addresses of everything /app/ loads at once."""
    page = http.get("/app/").text
    found = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
    assert len(found) >= 3
    return found


def policy(answer):
    pairs = (
        part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";")
    )
    return dict(pairs)


def test_the_bare_address_leads_to_the_app(http):
    answer = http.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/app/")
    assert http.get("/app").headers["Location"].endswith("app/")


@pytest.mark.parametrize("path", ["/app/", "/docs/"])
def test_a_page_is_asked_for_anew_and_may_load_only_from_us(http, path):
    answer = http.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == 'text/html; charset="utf-8"'
    assert answer.headers["Cache-Control"] == "no-cache"
    said = policy(answer)
    assert said["default-src"] == "'none'"
    assert said["frame-ancestors"] == said["base-uri"] == "'none'"
    assert said["script-src"] == said["style-src"] == said["connect-src"] == "'self'"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "http" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    camera = "camera=(self)" if path == "/app/" else "camera=()"
    assert camera in answer.headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    again = http.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_hashed_files_are_kept_for_a_year(http, assets):
    for path in assets:
        answer = http.get(path)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_files_are_sent_as_they_were_compressed_at_the_build(http, assets, built, coding):
    path = next(each for each in assets if "framework" in each)
    with http.stream("GET", path, headers={"Accept-Encoding": coding}) as answer:
        assert answer.headers["Content-Encoding"] == coding
        assert answer.headers["Vary"] == "Accept-Encoding"
        sent = b"".join(answer.iter_raw())
    plain = (built / path.lstrip("/")).read_bytes()
    print(f"\nframework {len(plain)} bytes, {coding} {len(sent)}")
    assert len(sent) < len(plain) * 0.45
    if coding == "gzip":
        assert gzip.decompress(sent) == plain


@pytest.mark.parametrize(
    "path",
    [
        "/assets/nothing.js",
        "/app/nothing",
        "/assets/../.vite/manifest.json",
        "/assets/%2e%2e/.vite/manifest.json",
        "/.vite/manifest.json",
        "/app/..%2f..%2fopenapi.json",
    ],
)
def test_what_is_no_page_is_the_apis_not_found(http, path):
    answer = http.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_pages_are_read_not_written(http):
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert http.request(method, "/app/").status_code == 405


def test_the_worker_keeps_files_only_and_stands_where_it_may(http):
    answer = http.get("/app/sw.js")
    assert answer.headers["Cache-Control"] == "no-cache"
    files = re.search(r"const FILES = (\[.*\])", answer.text)[1]
    assert "/app/" in files
    assert "/api" not in files
    assert "/assets/framework" in files


def through(app, root, **options):
    return partial(Client(Pages(app.wsgi_app, root, **options)).get, buffered=True)


def test_until_the_pages_are_built_a_page_says_so_and_asks_again(app, tmp_path):
    root = tmp_path / "h5"
    get = through(app, root, may_change=True)
    answer = get("/app/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    text = answer.get_data(as_text=True)
    assert "正在构建页面" in text
    assert "Building the pages" in text
    assert 'http-equiv="refresh"' in text
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    # The API does not wait for its pages.
    assert get("/healthz").status_code == 200
    (root / "app").mkdir(parents=True)
    (root / "app" / "index.html").write_text("<p>fertig</p>")
    assert get("/app/").get_data(as_text=True) == "<p>fertig</p>"


def test_in_production_the_files_are_those_of_the_start(app, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "index.html").write_text("<p>一</p>")
    get = through(app, tmp_path, may_change=False)
    (tmp_path / "app" / "late.html").write_text("<p>二</p>")
    assert get("/app/").status_code == 200
    assert get("/app/late.html").status_code == 404


def test_a_folder_that_is_not_there_stops_the_start_of_production(monkeypatch, tmp_path, stack):
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HUIBAN_WEB_ROOT", str(tmp_path / "nothing"))
    assert load_settings().web_root == tmp_path / "nothing"
    monkeypatch.setenv("HUIBAN_ENV", "production")
    with pytest.raises(SettingsError):
        load_settings()
