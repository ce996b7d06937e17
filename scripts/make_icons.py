"""Draws the PNG icons of the pages from their SVGs, with the browser: `python -m scripts.make_icons`."""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from scripts.browser import ARGUMENTS, ensure
from scripts.environment import ROOT

PUBLIC = ROOT / "h5" / "public"
#: Name → pixels. A phone cuts its own corners from what is `maskable`, and from Apple's.
ROUND = {"icon-192.png": 192, "icon-512.png": 512}
SQUARE = {"maskable-192.png": 192, "maskable-512.png": 512, "apple-touch-icon.png": 180}
#: The rounded corners of the drawing's ground.
CORNERS = ' rx="112"'
#: Flat colours with soft edges need no more.
COLOURS = 64


def main() -> int:
    """Draw all icons anew. Returns 0."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=ensure(), args=[*ARGUMENTS])
        for source in sorted(PUBLIC.glob("*/icon.svg")):
            drawing = source.read_text()
            for name, size in ROUND.items():
                _write(source.with_name(name), _draw(browser, drawing, size))
            for name, size in SQUARE.items():
                picture = _draw(browser, drawing.replace(CORNERS, ""), size)
                _write(source.with_name(name), picture.convert("RGB"))
        browser.close()
    return 0


def _draw(browser: Browser, drawing: str, size: int) -> Image.Image:
    page = browser.new_page(viewport={"width": size, "height": size})
    page.set_content(f"<style>body{{margin:0}}svg{{display:block}}</style>{drawing}")
    shot = page.screenshot(omit_background=True)
    page.close()
    return Image.open(io.BytesIO(shot))


def _write(path: Path, picture: Image.Image) -> None:
    picture.quantize(COLOURS).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)} {path.stat().st_size} B")


if __name__ == "__main__":
    sys.exit(main())
