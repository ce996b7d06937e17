"""What browser tests do again and again."""

from playwright.sync_api import Page


def comes_true(page: Page, expression: str) -> None:
    """Wait until an expression is true in a page, whose policy forbids Playwright's own polling."""
    for _ in range(100):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never true: {expression}")
