"""What each screen costs on the first load, compressed: `python -m scripts.frontend_sizes`."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.environment import WEB_ROOT

PAGE = "app/index.html"
#: All its screens but the sign-in come at once.
SCANNER = "scanner/index.html"
#: Bytes of a first load: with the framework's chunk (Vue, router, stores), and without.
LIMIT = 160_000
LIMIT_OWN = 60_000


@dataclass(frozen=True)
class Cost:
    """Compressed bytes of everything that is loaded before a screen is shown."""

    screen: str
    own: int
    framework: int

    @property
    def too_large(self) -> bool:
        """Whether the screen costs more than it may."""
        return self.own > LIMIT_OWN or self.own + self.framework > LIMIT


def main() -> int:
    """Print the table. Returns 1 if a screen is too large."""
    costs = measure(WEB_ROOT)
    print(f"{'kB, brotli':<28}{'own':>8}{'+ framework':>14}")
    for cost in costs:
        own, total = cost.own / 1_000, (cost.own + cost.framework) / 1_000
        print(f"{cost.screen:<28}{own:>8.1f}{total:>14.1f}{'  ✗' if cost.too_large else ''}")
    print(f"{'limit':<28}{LIMIT_OWN / 1_000:>8.1f}{LIMIT / 1_000:>14.1f}")
    return int(any(cost.too_large for cost in costs))


def measure(root: Path) -> list[Cost]:
    """The cost of every screen of the resident app, and of the scanner, in the build at `root`."""
    manifest: dict[str, Any] = json.loads((root / ".vite" / "manifest.json").read_text())
    screens = sorted(manifest[PAGE]["dynamicImports"])
    costs = [_cost(root, manifest, Path(screen).stem, [PAGE, screen]) for screen in screens]
    return [*costs, _cost(root, manifest, "scanner", [SCANNER])]


def _cost(root: Path, manifest: dict[str, Any], screen: str, entries: list[str]) -> Cost:
    chunks = _with_imports(manifest, entries)
    files = {entries[0]}
    framework: set[str] = set()
    for name in chunks:
        chunk = manifest[name]
        shared = chunk.get("name") == "framework"
        (framework if shared else files).update([chunk["file"], *chunk.get("css", [])])
    return Cost(screen, _weigh(root, files), _weigh(root, framework))


def _with_imports(manifest: dict[str, Any], names: list[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += manifest[name].get("imports", [])
    return found


def _weigh(root: Path, files: set[str]) -> int:
    return sum(_compressed(root / name).stat().st_size for name in files)


def _compressed(path: Path) -> Path:
    packed = path.with_name(f"{path.name}.br")
    return packed if packed.exists() else path


if __name__ == "__main__":
    sys.exit(main())
