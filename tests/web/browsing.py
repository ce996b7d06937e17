"""What browser tests do again and again."""

from collections.abc import Callable

from playwright.sync_api import Page


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
