"""Pictures of screens for `docs/pictures/`, drawn in few colours to keep the repository small."""

from __future__ import annotations

import io

from PIL import Image
from playwright.sync_api import Page

from scripts.environment import ROOT

FOLDER = ROOT / "docs" / "pictures"
#: Enough for drawn screens.
COLOURS = 96


def take_at_rest(page: Page, name: str) -> None:
    """Keep what a page shows once it has come to rest."""
    page.wait_for_timeout(600)
    take(page, name)


def take(page: Page, name: str) -> None:
    """Keep what a page shows as `docs/pictures/<name>.png`."""
    with Image.open(io.BytesIO(page.screenshot())) as shown:
        # Keeps a rare colour, such as that of a red dot, which the median would mix with others;
        # one step of k-means then makes the frequent ones exact.
        covering, none = Image.Quantize.MAXCOVERAGE, Image.Dither.NONE
        small = shown.convert("RGB").quantize(COLOURS, covering, kmeans=1, dither=none)
    path = FOLDER / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    small.save(path, optimize=True)
