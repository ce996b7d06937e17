"""A real browser on the built pages and the whole running product.

Every page is watched: a console error, a failed request, a request to a foreign host or to an
address that the API's description does not know fails the test, unless it said that it is meant.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from browsing import until
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

from app import settings
from app.core.db import Database, unit_of_work
from app.core.runtime import build_core
from app.identity import phones
from app.identity.accounts import account_of_phone
from composition import describe
from healthcode import venues
from scripts import frontend
from scripts.browser import ARGUMENTS, NoBrowserError, ensure
from scripts.environment import read_world
from scripts.stack import Layout, Stack

#: Milliseconds a busy machine may take before a test gives up.
SLOWEST = 20_000
expect.set_options(timeout=SLOWEST)
#: A phone of today, and the narrowest that must do.
VIEWPORT = {"width": 390, "height": 844}
HEALTHY = {"temperature_c": 36.5, "symptoms": [], "contact": "no", "risk_area": "low"}
AXE = frontend.MODULES / "axe-core" / "axe.min.js"
#: Colours on their way to others are judged when they have arrived.
SETTLED = """() => Promise.allSettled(
    document.getAnimations()
        .filter((each) => Number.isFinite(each.effect.getComputedTiming().endTime))
        .map((each) => each.finished))"""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What opens a browser belongs to `make e2e`, unless it is one of the short set of `make test`."""
    here = Path(__file__).parent
    for item in items:
        browses = {"launch", "browser"} & set(getattr(item, "fixturenames", ()))
        if item.path.parent == here and browses and not item.get_closest_marker("short"):
            item.add_marker("e2e")


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder of the built pages, up to date."""
    return frontend.build()


@pytest.fixture(scope="session")
def stack(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product as `make run` starts it, on ports and data of its own."""
    home = tmp_path_factory.mktemp("web")
    with Stack(Layout(home=home, durable=False, quiet=True)) as running:
        yield running


@pytest.fixture(scope="session")
def people() -> dict[str, dict]:
    """The invented people by key."""
    return {person["key"]: dict(person) for person in read_world()["people"]}


@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[..., Browser]]:
    """Start Chromium without a window: `launch("--flag")`. Tests are skipped where none can be had.

    For one file at a time: while Playwright runs, nothing else in the process can use asyncio.
    """
    try:
        program = ensure()
    except NoBrowserError as error:
        if not error.may_skip:
            raise
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        yield lambda *flags: playwright.chromium.launch(
            executable_path=program, args=[*ARGUMENTS, *flags]
        )


@pytest.fixture(scope="module")
def browser(launch: Callable[..., Browser]) -> Iterator[Browser]:
    """The browser of most tests."""
    opened = launch()
    yield opened
    opened.close()


@dataclass
class Watch:
    """What happened in the pages of one test."""

    url: str
    errors: list[str] = field(default_factory=list)
    calls: set[tuple[str, str]] = field(default_factory=set)
    #: Patterns of errors that the test itself provokes.
    meant: list[str] = field(default_factory=list)

    def attach(self, context: BrowserContext) -> None:
        """See everything that happens in the pages of `context`."""
        context.on("request", self._requested)
        context.on("requestfailed", self._failed)
        context.on("weberror", lambda it: self._note(f"uncaught: {it.error}"))
        context.on(
            "console",
            lambda it: (
                self._note(f"{it.type}: {it.text}") if it.type in ("error", "warning") else None
            ),
        )

    def expect(self, pattern: str) -> None:
        """Errors that match are meant."""
        self.meant.append(pattern)

    def unexpected(self) -> list[str]:
        """Errors that nobody announced."""
        return [
            error
            for error in self.errors
            if not any(re.search(pattern, error) for pattern in self.meant)
        ]

    def _failed(self, request: Request) -> None:
        # A page that is left gives up what it was still fetching.
        if request.failure != "net::ERR_ABORTED":
            self._note(f"{request.method} {request.url}: {request.failure}")

    def _note(self, error: str) -> None:
        self.errors.append(error)

    def _requested(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("data", "blob"):
            return
        if f"{parts.scheme}://{parts.netloc}" != self.url:
            self._note(f"foreign host: {request.url}")
        elif parts.path.startswith(("/api/", "/ops/")):
            self.calls.add((request.method, parts.path))


@pytest.fixture(scope="session")
def described() -> list[tuple[str, re.Pattern[str]]]:
    """(method, pattern of the path) of every call in the API's description."""
    return [
        (method.upper(), re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)))
        for path, operations in describe()["paths"].items()
        for method in operations
    ]


@pytest.fixture
def watch(stack: Stack, described: list[tuple[str, re.Pattern[str]]]) -> Iterator[Watch]:
    """Watches all pages of the test and judges them at its end."""
    watched = Watch(stack.url)
    yield watched
    assert watched.unexpected() == []
    unknown = [
        (method, path)
        for method, path in sorted(watched.calls)
        if not any(method == known and form.fullmatch(path) for known, form in described)
    ]
    assert unknown == []


@pytest.fixture
def new_page(browser: Browser, watch: Watch) -> Iterator[Callable[..., Page]]:
    """Open a page on a phone of its own: `new_page(viewport=…)`; takes what `new_context` takes."""
    contexts: list[BrowserContext] = []

    def open_page(**options: object) -> Page:
        given = {"locale": "zh-CN", "viewport": VIEWPORT, "base_url": watch.url, **options}
        context = browser.new_context(**given)
        context.set_default_timeout(SLOWEST)
        watch.attach(context)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    """One phone."""
    return new_page()


@pytest.fixture
def read_code(stack: Stack) -> Callable[[str], str]:
    """The code in the newest text message to a phone. The worker sends it, so it is waited for."""

    def read(phone: str) -> str:
        for _ in range(100):
            sent = httpx.get(f"{stack.stubs_url}/sms/messages", params={"phone": phone}).json()
            if sent:
                return str(sent[0]["code"])
            time.sleep(0.1)
        raise AssertionError(f"no text message to {phone}")

    return read


@pytest.fixture
def code_asked(stack: Stack) -> Callable[..., str]:
    """Ask for a code on a form and answer the one that came: `code_asked(page, phone, form=None)`.

    The minute after the code before is over: nobody waits for it here.
    """

    def ask(page: Page, phone: str, form: Locator | None = None) -> str:
        def messages() -> list[dict]:
            sent = httpx.get(f"{stack.stubs_url}/sms/messages", params={"phone": phone})
            return [each for each in sent.json() if each.get("code")]

        with psycopg.connect(stack.environment()["DATABASE_URL"]) as database:
            database.execute("UPDATE login_codes SET created_at = created_at - interval '1 minute'")
        fields = form or page
        before = len(messages())
        fields.get_by_role("textbox").first.fill(phone)
        fields.get_by_role("button", name="获取验证码").click()
        expect(fields.get_by_role("button", name="秒后可重发")).to_be_visible()
        until(page, lambda: len(messages()) > before, "the text message came")
        return str(messages()[0]["code"])

    return ask


def remember(page: Page, citizen: dict, name: str = "huiban.holder") -> None:
    """Leave what the app remembers of who is signed in, while the app itself does not run."""
    blank = '<link rel="icon" href="data:,">'
    page.route("**/blank", lambda it: it.fulfill(body=blank, content_type="text/html"), times=1)
    page.goto("/blank")
    page.evaluate("kept => localStorage.setItem(...kept)", [name, json.dumps(citizen)])
    # The next screen is a fresh start, not a change of the address behind the #.
    page.goto("about:blank")


@pytest.fixture
def sign_in(stack: Stack, read_code: Callable[[str], str]) -> Callable[[Page, str], None]:
    """Sign a page's phone in past the screens: `sign_in(page, phone)`, then open one; with `door` for
    the scanner."""

    def enter(page: Page, phone: str, door: bool = False) -> None:
        auth = "/api/v1/auth"
        ask, origin = page.context.request, {"Origin": stack.url}
        sent = ask.post(f"{auth}/codes", data={"phone": phone, "purpose": "login"})
        assert sent.status == 202, sent.text()
        use, kept = ("verifier", "huiban.scanner.holder") if door else ("citizen", "huiban.holder")
        device = {"id": f"{use}-{phone}", "name": "测试浏览器", "platform": "h5"}
        body = {"phone": phone, "code": read_code(phone), "device": device, "use": use}
        opened = ask.post(f"{auth}/sessions", data=body, headers=origin)
        assert opened.status == 201, opened.text()
        remember(page, {**opened.json()["citizen"], "until": opened.json()["ends_at"]}, kept)

    return enter


@pytest.fixture
def enter(stack: Stack, people: dict, sign_in: Callable[[Page, str], None]) -> Callable[..., dict]:
    """Sign in as an invented person with a proved real name: `enter(page, "r121")`, then open a screen.

    Answers headers for calls in that person's name beside the screens.
    """

    def enter_as(page: Page, key: str) -> dict[str, str]:
        person = people[key]
        sign_in(page, person["phone"])
        ask, auth = page.context.request, "/api/v1/auth/sessions/refresh"
        opened = ask.post(auth, data={}, headers={"Origin": stack.url}).json()
        document = {name: person[name] for name in ("name", "document_type", "document_number")}
        headers = {"Authorization": f"Bearer {opened['access_token']}"}
        proved = ask.post("/api/v1/me/real-name", data=document, headers=headers)
        assert proved.status == 200, proved.text()
        remember(page, {**opened["citizen"], "level": proved.json()["level"]})
        return {"Authorization": f"Bearer {proved.json()['access_token']}"}

    return enter_as


@pytest.fixture
def declare() -> Callable[..., None]:
    """Declare somebody's health past the screens: `declare(page, headers, symptoms=["cough"])`.

    Waits for a colour: a slow authority is asked again by the worker.
    """

    def send(page: Page, headers: dict[str, str], **changes: object) -> None:
        ask, code = page.context.request, "/api/v1/health-code"
        body = {**HEALTHY, "confirmed_true": True, **changes}
        answer = ask.put(f"{code}/declaration", data=body, headers=headers)
        assert answer.status == 200, answer.text()
        end = time.monotonic() + 30
        while answer.json()["state"] != "active" and time.monotonic() < end:
            time.sleep(0.5)
            answer = ask.get(code, headers=headers)
        assert answer.json()["state"] == "active"

    return send


@pytest.fixture
def door(new_page, people, sign_in):
    """A scanner at the door of the given staff: `door("s010")`, camera allowed unless said otherwise.

    `on_scan` sees every scan on its way to the server.
    """

    def stand(key, camera=True, on_scan=None, **options):
        page = new_page(permissions=["camera"] if camera else [], **options)
        if on_scan is not None:
            page.route("**/api/v1/verifier/scans", on_scan)
        sign_in(page, people[key]["phone"], door=True)
        page.goto("/scanner/")
        # The door itself, the choice of venues, or that there are none.
        expect(page.locator(".counts, .which, .empty")).to_be_visible()
        return page

    return stand


@pytest.fixture
def declared(new_page, enter, declare):
    """A resident's phone and the code on it, green unless said otherwise: `declared("r161")`."""

    def open_code(key, **said):
        page = new_page()
        headers = enter(page, key)
        declare(page, headers, **said)
        status = page.context.request.get("/api/v1/health-code", headers=headers).json()
        return page, status["code"]

    return open_code


@pytest.fixture
def product(stack, monkeypatch):
    """What services need, on the running product's own data."""
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    configuration = settings.load()
    database = Database(configuration.database_url, pool_size=1, statement_ms=5_000)
    core = build_core(configuration, database)
    core.load_keys()
    yield core
    core.close()


@pytest.fixture
def second_venue(product, people):
    """A venue at which s021 may scan besides her own."""
    venue = read_world()["venues"][0]
    with unit_of_work(product) as session:
        account = account_of_phone(session, phones.normalise(people["s021"]["phone"]))
        venues.add_staff(session, uuid.UUID(venue["id"]), account.id)
    return venue


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """axe-core finds nothing wrong with what a page shows now."""

    def check(page: Page) -> None:
        page.evaluate(SETTLED)
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [
            (each["id"], each["help"], [node["html"] for node in each["nodes"]][:3])
            for each in found["violations"]
        ] == []

    return check
