"""The built front end (`h5/`) in front of the API: files from one folder, with strict headers."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.headers import Headers

from flask import Flask
from whitenoise import WhiteNoise

from app.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FRONT_DOOR = "/app/"
#: First parts of addresses that are files; everything else is the API's.
PLACES = frozenset({"app", "scanner", "docs", "assets"})

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
#: What one page needs beyond the common policy. The decoder of codes is WebAssembly.
BEYOND = {"scanner": {"script-src": "'self' 'wasm-unsafe-eval'"}}
#: Pages that may ask for the camera.
CAMERA = frozenset({"app", "scanner"})

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
        pages = Pages(app.wsgi_app, settings.web_root, may_change=not settings.production)
        app.wsgi_app = pages  # type: ignore[method-assign]


class Pages:
    """WSGI: addresses of pages and their files are answered here, all others by the application.

    With `may_change` the folder may appear and be replaced while the process runs, as in a
    demonstration; otherwise its files are listed once, at the start.
    """

    def __init__(self, application: "WSGIApplication", root: Path, *, may_change: bool) -> None:
        self.application = application
        self.root = root
        self.files: WSGIApplication = WhiteNoise(
            self._without_file,
            root=str(root),
            autorefresh=may_change,
            index_file=True,
            max_age=None,
            allow_all_origins=False,
            add_headers_function=_add_headers,
        )

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/":
            start_response("302 Found", [("Location", FRONT_DOOR), ("Cache-Control", "no-cache")])
            return []
        if _place(path) in PLACES:
            return self.files(environ, start_response)
        return self.application(environ, start_response)

    def _without_file(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if self.root.exists():
            return self.application(environ, start_response)
        headers = Headers([("Content-Type", "text/html; charset=utf-8"), ("Retry-After", "2")])
        digest = b64encode(hashlib.sha256(BUILDING_STYLE.encode()).digest()).decode()
        _protect(headers, {"default-src": "'none'", "style-src": f"'sha256-{digest}'"})
        headers["Cache-Control"] = "no-store"
        start_response("503 Service Unavailable", headers.items())
        return [BUILDING]


def _place(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]


def _add_headers(headers: Headers, path: str, url: str) -> None:
    place = _place(url)
    if place == "assets":
        # Their names change with their content.
        headers["Cache-Control"] = "public, max-age=31536000, immutable"
        headers["X-Content-Type-Options"] = "nosniff"
        return
    _protect(headers, POLICY | BEYOND.get(place, {}))
    headers["Cache-Control"] = "no-cache"
    camera = "camera=(self)" if place in CAMERA else "camera=()"
    headers["Permissions-Policy"] = f"{camera}, geolocation=(), microphone=(), payment=()"


def _protect(headers: Headers, policy: dict[str, str]) -> None:
    headers["Content-Security-Policy"] = "; ".join(
        f"{name} {value}" for name, value in policy.items()
    )
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
