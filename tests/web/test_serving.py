"""The built pages as the running product sends them: headers, compression, caching, absence."""

import gzip
import hashlib
import io
import json
import re
from base64 import b64encode
from dataclasses import replace
from functools import partial

import httpx
import pytest
from flask import Flask
from PIL import Image
from werkzeug.test import Client

from api import page_headers
from api.pages import Pages, attach
from app.factory import trust_proxies
from app.settings import SettingsError
from app.settings import load as load_settings
from scripts import frontend

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
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    again = http.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_hashed_files_are_kept_for_a_year(http, assets):
    for path in assets:
        answer = http.get(path)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize(
    ("path", "status"), [("/", 302), ("/app", 302), ("/scanner/nothing", 404), ("/app/sw.js", 200)]
)
def test_redirects_and_refusals_are_protected_like_pages(http, path, status):
    answer = http.get(path)
    assert answer.status_code == status
    assert policy(answer)["default-src"] == "'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in answer.headers["Permissions-Policy"]


def test_no_header_stands_twice(http):
    for path in ("/", "/app/", "/app/nothing", "/assets/nothing.js", "/healthz"):
        names = [name.lower() for name, _ in http.get(path).headers.raw]
        assert len(names) == len(set(names)), path


def test_only_the_scanner_may_ask_for_the_camera(http):
    asked = {
        path: "camera=(self)" in http.get(path).headers["Permissions-Policy"]
        for path in ("/", "/app/", "/desk/", "/docs/", "/scanner/")
    }
    assert asked == {
        "/": False,
        "/app/": False,
        "/desk/": False,
        "/docs/": False,
        "/scanner/": True,
    }


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
    files = kept_by(answer.text)
    assert not [path for path in files if not path.startswith(("/app/", "/assets/"))]
    assert [path for path in files if path.startswith("/assets/framework")]


def kept_by(worker):
    return json.loads(re.search(r"const FILES = (\{.*\})", worker)[1])


@pytest.mark.parametrize("place", ["app", "scanner"])
def test_a_worker_knows_by_digest_what_belongs_to_its_build(built, place):
    files = kept_by((built / place / "sw.js").read_text())
    for path, said in files.items():
        file = built / path.lstrip("/")
        content = (file / "index.html" if file.is_dir() else file).read_bytes()
        digest = "sha256-" + b64encode(hashlib.sha256(content).digest()).decode()
        assert said == ("" if path.startswith("/assets/") else digest), path


@pytest.mark.parametrize("place", ["app", "scanner"])
def test_a_page_carries_the_stamp_of_the_headers_it_is_sent_with(built, place):
    said = f'<meta name="headers" content="{page_headers.stamp()}" />'
    assert said in (built / place / "index.html").read_text()


def test_other_headers_make_another_build(monkeypatch):
    before = page_headers.stamp(), frontend.fingerprint("{}")
    monkeypatch.setitem(page_headers.POLICY, "media-src", "'none'")
    assert page_headers.stamp() != before[0]
    assert frontend.fingerprint("{}") != before[1]


@pytest.mark.parametrize("place", ["app", "scanner"])
def test_a_page_can_be_installed(http, place):
    manifest = http.get(f"/{place}/manifest.webmanifest").json()
    assert manifest["id"] == manifest["scope"] == manifest["start_url"] == f"/{place}/"
    assert manifest["display"] == "standalone"
    assert {"name", "short_name", "lang", "theme_color", "background_color"} <= set(manifest)
    found = set()
    for icon in manifest["icons"]:
        answer = http.get(icon["src"])
        assert answer.headers["Content-Type"] == icon["type"]
        if icon["type"] == "image/png":
            found.add((icon["sizes"], icon["purpose"]))
            assert size_of(answer) == icon["sizes"]
            # A phone cuts its own corners from what is maskable.
            assert corner_of(answer) == ((10, 88, 173) if icon["purpose"] == "maskable" else None)
    assert found == {(f"{size}x{size}", use) for size in (192, 512) for use in ("any", "maskable")}
    page = http.get(f"/{place}/").text
    apple = re.search(r'<link rel="apple-touch-icon" href="([^"]+)"', page)[1]
    assert size_of(http.get(apple)) == "180x180"
    assert corner_of(http.get(apple)) == (10, 88, 173)


def size_of(answer):
    with Image.open(io.BytesIO(answer.content)) as picture:
        return f"{picture.width}x{picture.height}"


def corner_of(answer):
    """The colour of the first pixel; None where it is clear."""
    with Image.open(io.BytesIO(answer.content)) as picture:
        *colour, opaque = picture.convert("RGBA").getpixel((0, 0))
    return tuple(colour) if opaque else None


def through(app, root, **options):
    return partial(Client(Pages(app.wsgi_app, root, **options)).get, buffered=True)


def test_until_the_pages_are_built_a_page_says_so_and_asks_again(app, tmp_path):
    root = tmp_path / "h5"
    get = through(app, root, production=False)
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
    get = through(app, tmp_path, production=True)
    (tmp_path / "app" / "late.html").write_text("<p>二</p>")
    assert get("/app/").status_code == 200
    assert get("/app/late.html").status_code == 404


@pytest.mark.parametrize(
    ("env", "proxies", "scheme", "lasting"),
    [
        ("production", 1, "https", True),
        ("production", 1, "http", False),
        # Nobody but a proxy of ours is believed.
        ("production", 0, "https", False),
        ("demo", 1, "https", False),
    ],
)
@pytest.mark.parametrize("path", ["/", "/app/", "/api/v1/nothing"])
def test_in_production_https_is_made_lasting(core, tmp_path, env, proxies, scheme, lasting, path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "index.html").write_text("<p>一</p>")
    app = Flask("huiban")
    attach(app, replace(core.settings, env=env, web_root=tmp_path))
    trust_proxies(app, proxies)
    answer = app.test_client().get(path, headers={"X-Forwarded-Proto": scheme}, buffered=True)
    said = answer.headers.get("Strict-Transport-Security")
    assert said == ("max-age=31536000" if lasting else None)


def test_a_folder_that_is_not_there_stops_the_start_of_production(monkeypatch, tmp_path, stack):
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HUIBAN_WEB_ROOT", str(tmp_path / "nothing"))
    assert load_settings().web_root == tmp_path / "nothing"
    monkeypatch.setenv("HUIBAN_ENV", "production")
    with pytest.raises(SettingsError):
        load_settings()
