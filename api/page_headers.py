"""What browsers are told about the pages (`h5/`) and their files, beside the content."""

import hashlib
import json

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
#: The only page that may ask for the camera.
CAMERA = "scanner"
#: First parts of addresses that are pages; `assets` holds the files they load.
PAGES = ("app", "scanner", "desk", "docs")
ASSETS = "assets"

#: For a year, browsers ask for nothing but https.
TRANSPORT = ("Strict-Transport-Security", "max-age=31536000")


def headers_of(place: str) -> dict[str, str]:
    """What every answer below `/place/` carries, refusals too."""
    own = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
    if place == ASSETS:
        return own
    camera = "camera=(self)" if place == CAMERA else "camera=()"
    return own | {
        "Content-Security-Policy": written(POLICY | BEYOND.get(place, {})),
        "Permissions-Policy": f"{camera}, geolocation=(), microphone=(), payment=()",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def written(policy: dict[str, str]) -> str:
    """A content security policy as one line."""
    return "; ".join(f"{name} {value}" for name, value in policy.items())


def stamp() -> str:
    """All of it in 16 characters. A phone keeps a page with its headers, so a build carries this:
    other headers make another build, which replaces what phones keep."""
    said = json.dumps([headers_of(place) for place in (*PAGES, ASSETS)])
    return hashlib.sha256(said.encode()).hexdigest()[:16]
