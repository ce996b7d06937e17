"""What browser tests do again and again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import httpx
from playwright.sync_api import Locator, Page, expect

from scripts.stack import Stack


def comes_true(page: Page, expression: str) -> None:
    """Wait until an expression is true in a page, whose policy forbids Playwright's own polling."""
    until(page, lambda: page.evaluate(expression), expression)


def until(page: Page, check: Callable[[], object], what: str) -> None:
    """Wait, as `page` goes on, until something has come about."""
    for _ in range(100):
        if check():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never true: {what}")


def arrived(page: Page, title: str) -> Locator:
    """The notice with this title, as soon as it is there."""
    news = page.get_by_role("button", name=title)
    page.goto("/app/#/notices")
    for _ in range(20):
        expect(page.locator("main li, main .title").first).to_be_visible()
        if news.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    return news


@contextmanager
def stopped(stack: Stack) -> Iterator[None]:
    """The server is gone, and comes back."""
    stack.kill_part("web")
    try:
        yield
    finally:
        stack.start_part("web")
        stack.wait_until_ready()


@contextmanager
def authority_silent(stack: Stack) -> Iterator[None]:
    """The health authority does not answer, and then does again."""
    outage = partial(httpx.post, f"{stack.stubs_url}/simulate/outage")
    outage(json={"party": "health_authority", "mode": "error"}).raise_for_status()
    try:
        yield
    finally:
        outage(json={"party": "health_authority", "mode": "ok"}).raise_for_status()
