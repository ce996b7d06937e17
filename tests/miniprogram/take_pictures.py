"""`make pictures`: the mini-program's screens, into `docs/pictures/wechat/`. Not part of `make test`.

The simulator renders the pages on the running product and writes them down as HTML; Chromium
draws that, since WeChat itself runs in nobody's test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pictures import take
from playwright.sync_api import Page, sync_playwright

from scripts.browser import ARGUMENTS, NoBrowserError, ensure

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def phone() -> Iterator[Page]:
    """A phone with a sharp screen."""
    try:
        program = ensure()
    except NoBrowserError as error:
        if not error.may_skip:
            raise
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS])
        yield browser.new_page(viewport={"width": 390, "height": 844}, device_scale_factor=2)
        browser.close()


def test_every_page_of_the_mini_program(
    run: Callable[..., str], phone: Page, tmp_path: Path
) -> None:
    run("pictures", str(tmp_path))
    screens = sorted(tmp_path.glob("*.html"))
    assert len(screens) > 15
    for screen in screens:
        phone.goto(screen.as_uri())
        take(phone, f"wechat/{screen.stem}")
