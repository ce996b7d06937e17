"""A newer version of the pages reaches phones that keep an older one."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from base64 import b64encode

import httpx
import pytest
from browsing import comes_true
from playwright.sync_api import expect
from web.conftest import Watch

from scripts.environment import ROOT
from scripts.stack import free_port

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def release(built, tmp_path):
    """Put a version of the pages in place, as a build does: `release("二")` marks it.

    With `page_of` its page is still the other version's, as an older server would answer.
    """

    def put(mark, page_of=None):
        folder = tmp_path / f"h5-{mark}"
        shutil.copytree(built, folder)
        later = time.time() + 10 * len(list(tmp_path.glob("h5-*")))
        plain = (folder / "app" / "index.html").read_text()
        page, sent = (
            plain.replace("<body>", f'<body data-version="{each}">')
            for each in (mark, page_of or mark)
        )
        worker = (
            (folder / "app" / "sw.js")
            .read_text()
            .replace("const CACHE = ", f'const CACHE = "huiban-app-{mark}" // ')
            .replace(integrity(plain), integrity(page))
        )
        for name, content in (("index.html", sent), ("sw.js", worker)):
            file = folder / "app" / name
            assert content != file.read_text()
            file.write_text(content)
            # An ETag is made of whole seconds and the size.
            os.utime(file, (later, later))
            for packed in file.parent.glob(f"{name}.*"):
                packed.unlink()
        fresh = tmp_path / "fresh"
        fresh.symlink_to(folder.name)
        fresh.replace(tmp_path / "h5")

    put("一")
    return put


def integrity(page):
    return f"sha256-{b64encode(hashlib.sha256(page.encode()).digest()).decode()}"


@pytest.fixture
def watch(stack, release, tmp_path):
    """Watches pages that one more web process of the product serves from the released folder."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = (
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "wsgi:app"),
        *(
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--backpressure",
            "16",
            "--log-level",
            "warning",
        ),
    )
    folder = {"HUIBAN_WEB_ROOT": str(tmp_path / "h5"), "HUIBAN_PUBLIC_URL": url}
    web = subprocess.Popen(command, cwd=ROOT, env={**stack.environment(), **folder})
    try:
        wait_for(f"{url}/readyz")
        watched = Watch(url)
        yield watched
        assert watched.unexpected() == []
    finally:
        web.terminate()
        web.wait()


def wait_for(address):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            if httpx.get(address).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"{address} does not answer")


def kept(page):
    """What the phone keeps, when the newest worker has it."""
    return page.evaluate("caches.keys()")


def shows(page, mark):
    return expect(page.locator("body")).to_have_attribute("data-version", mark)


def wait_until_kept(page, mark):
    """Until the phone keeps that version and no other."""
    end = time.monotonic() + 15
    while kept(page) != [f"huiban-app-{mark}"] and time.monotonic() < end:
        page.wait_for_timeout(100)
    assert kept(page) == [f"huiban-app-{mark}"]
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")


def go_on_into(page, mark):
    """From screen to screen: a newer worker takes over a moment after it has its files."""
    for name in ("我的", "首页") * 4:
        page.get_by_role("link", name=name).click()
        # Time to load: another click would begin that again.
        for _ in range(20):
            page.wait_for_timeout(200)
            if page.locator("body").get_attribute("data-version") == mark:
                return
    shows(page, mark)


def test_whoever_goes_on_after_a_release_goes_on_in_the_new_version(page, release):
    page.goto("/app/")
    shows(page, "一")
    wait_until_kept(page, "一")
    # The first page is served by the server, from now on by the phone.
    page.reload()
    shows(page, "一")
    release("二")
    page.reload()
    # Opened at once from what is kept, while the newer one is fetched.
    shows(page, "一")
    wait_until_kept(page, "二")
    go_on_into(page, "二")
    page.get_by_role("link", name="我的").click()
    expect(page.get_by_role("heading", name="我的", level=1)).to_be_visible()


def test_a_page_left_open_looks_for_a_newer_version_when_it_is_returned_to(page, release):
    page.clock.install()
    page.goto("/app/")
    wait_until_kept(page, "一")
    page.reload()
    comes_true(page, "navigator.serviceWorker.controller !== null")
    release("二")
    page.clock.fast_forward("01:01:00")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    wait_until_kept(page, "二")
    shows(page, "一")
    go_on_into(page, "二")


def look_for_a_newer_one(page):
    """What became of the worker that was found."""
    return page.evaluate(
        """navigator.serviceWorker.getRegistration().then(async (it) => {
            await it.update().catch(() => undefined)
            const found = it.installing
            while (found?.state === "installing") await new Promise((go) => setTimeout(go, 50))
            return found?.state ?? "none"
        })"""
    )


def test_while_servers_differ_a_phone_keeps_no_page_of_another_build(page, release, watch):
    watch.expect("integrity|Failed to find a valid digest|sw.js")
    page.goto("/app/")
    wait_until_kept(page, "一")
    page.reload()
    comes_true(page, "navigator.serviceWorker.controller !== null")
    # The worker of the new version comes from one server, its page from one that has the old.
    release("二", page_of="一")
    assert look_for_a_newer_one(page) == "redundant"
    page.reload()
    shows(page, "一")
    # It is tried again as soon as all servers have the new version.
    release("三")
    assert look_for_a_newer_one(page) != "redundant"
    wait_until_kept(page, "三")
    go_on_into(page, "三")
