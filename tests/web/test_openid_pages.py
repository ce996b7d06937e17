"""The provider's own pages in a real browser: without script, at 320 px, by keyboard alone."""

import base64
import hashlib
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode

import pytest

from scripts.environment import ROOT

NARROW = {"width": 320, "height": 640}
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(b"v" * 43).digest()).rstrip(b"=").decode()


class Callback(BaseHTTPRequestHandler):
    """The site people are sent back to."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>site</title>back at the site")

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def site():
    """Where the site listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/callback"
    server.shutdown()
    server.server_close()


@pytest.fixture
def address(stack, site):
    """Where the site sends people."""
    command = [
        *(sys.executable, "-m", "scripts.command", "openid", "client-add"),
        *("--name", "公积金查询", "--department", "市住房公积金管理中心", "--redirect-uri", site),
        *("--scope", "openid", "--scope", "profile", "--scope", "phone"),
    ]
    environment = stack.environment() | {"HUIBAN_HOME": str(stack.layout.home)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    parameters = {
        "response_type": "code",
        "client_id": re.search(r"client_id\s+(\S+)", done.stdout)[1],
        "redirect_uri": site,
        "scope": "openid profile phone",
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return f"{stack.url}/oauth/authorize?{urlencode(parameters)}"


def fits(page):
    """Nothing is wider than the screen."""
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= NARROW["width"], f"{page.url} is {width} px wide"


def test_signing_in_for_a_site_by_keyboard_without_script(
    browser, address, site, people, read_code, assert_accessible
):
    phone = people["r016"]["phone"]
    context = browser.new_context(
        viewport=NARROW, locale="zh-CN", java_script_enabled=False, color_scheme="light"
    )
    page = context.new_page()
    refused = []
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    page.goto(address)
    shown = [page.content()]
    page.keyboard.type(phone)
    page.keyboard.press("Enter")
    page.wait_for_selector("#code")
    shown.append(page.content())
    page.keyboard.type(read_code(phone))
    page.keyboard.press("Enter")
    page.wait_for_selector("input[name=scope]")
    shown.append(page.content())
    assert [box.is_checked() for box in page.locator("input[name=scope]").all()] == [True, True]
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}?*")
    assert "code=hbc_" in page.url
    assert refused == [], "the policy of our pages lets the form end at the site"
    context.close()
    # Looked at with script, which a browser's tools need; the pages have none.
    context = browser.new_context(viewport=NARROW)
    page = context.new_page()
    for content in shown:
        page.set_content(content)
        fits(page)
        assert_accessible(page)
    context.close()
    print(f"n = {len(shown)} pages at 320 px")
