"""The built front end (`h5/`) in front of the API: files from one folder, with strict headers."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.headers import Headers

from flask import Flask
from whitenoise import WhiteNoise

from api.page_headers import ASSETS, PAGES, TRANSPORT, headers_of, written
from app.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FRONT_DOOR = "/app/"
#: First parts of addresses that are files; everything else is the API's.
PLACES = frozenset({*PAGES, ASSETS})

BUILDING_STYLE = "body{font:1.25rem/1.6 sans-serif;margin:20vh 1.5rem;text-align:center}"
BUILDING = f"""<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="2"><title>正在构建页面 · 汇办</title>
<style>{BUILDING_STYLE}</style>
<h1>正在构建页面…</h1>
<p>首次约一分钟，完成后自动打开。若久未完成，请看终端里的提示。</p>
<p lang="en">Building the pages: about a minute the first time. This page opens by itself; \
if it does not, look at the terminal.</p>
</html>
""".encode()


def attach(app: Flask, settings: Settings) -> None:
    """Serve the folder of the settings, if there is one, before Flask is asked."""
    if settings.web_root is not None:
        pages = Pages(app.wsgi_app, settings.web_root, production=settings.production)
        app.wsgi_app = pages  # type: ignore[method-assign]


class Pages:
    """WSGI: addresses of pages and their files are answered here, all others by the application.

    In production the files are listed once, at the start, and https is made lasting; otherwise the
    folder may appear and be replaced while the process runs.
    """

    def __init__(self, application: "WSGIApplication", root: Path, *, production: bool) -> None:
        self.application = application
        self.root = root
        self.production = production
        self.files: WSGIApplication = WhiteNoise(
            self._without_file,
            root=str(root),
            autorefresh=not production,
            index_file=True,
            max_age=None,
            allow_all_origins=False,
            add_headers_function=_say_how_long,
        )

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        begin = self._protected(environ, start_response)
        if path == "/":
            begin("302 Found", [("Location", FRONT_DOOR), ("Cache-Control", "no-cache")])
            return []
        if _place(path) in PLACES:
            return self.files(environ, begin)
        return self.application(environ, begin)

    def _protected(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> "StartResponse":
        """`start_response` with the headers of the place, whatever is answered there."""
        path = environ.get("PATH_INFO", "")
        ours = headers_of(_place(path)) if path == "/" or _place(path) in PLACES else {}
        if self.production and environ["wsgi.url_scheme"] == "https":
            ours = {**ours, TRANSPORT[0]: TRANSPORT[1]}

        def begin(status: str, headers: list[tuple[str, str]], *trouble: Any) -> Any:
            sent = Headers(headers)
            for name, value in ours.items():
                sent.setdefault(name, value)
            return start_response(status, sent.items(), *trouble)

        return begin

    def _without_file(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if self.root.exists():
            return self.application(environ, start_response)
        digest = b64encode(hashlib.sha256(BUILDING_STYLE.encode()).digest()).decode()
        policy = {
            "default-src": "'none'",
            "style-src": f"'sha256-{digest}'",
            "frame-ancestors": "'none'",
        }
        headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", written(policy)),
            ("Cache-Control", "no-store"),
            ("Retry-After", "2"),
        ]
        start_response("503 Service Unavailable", headers)
        return [BUILDING]


def _place(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]


def _say_how_long(headers: Headers, path: str, url: str) -> None:
    # The names of assets change with their content.
    kept = "public, max-age=31536000, immutable" if _place(url) == ASSETS else "no-cache"
    headers["Cache-Control"] = kept
