"""The result as tables, for the terminal and for docs/evidence/bench.md."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.core import clock
from benchmarks.figures import Line
from benchmarks.layers import Shares, names
from scripts.environment import ROOT

EVIDENCE = ROOT / "docs" / "evidence" / "bench.md"
PACKAGES = ("flask", "flask-smorest", "granian", "sqlalchemy", "psycopg", "redis", "pyjwt")
#: Shares below this are not printed.
SMALL = 0.005

Grid = tuple[Sequence[str], Sequence[Sequence[str]]]


@dataclass(frozen=True)
class Facts:
    """Under which circumstances was measured."""

    command: str
    #: Load average of the last minute before the run: what else the machine was doing.
    load_before: float
    accounts: int
    staff: int
    plan: str
    server: str
    postgres: str
    redis: str
    scans_acknowledged: int
    scans_stored: int
    #: About the callbacks, if they were measured.
    payments: Sequence[str]

    def sentences(self) -> list[str]:
        """One fact each."""
        libraries = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
        stored = f"scans acknowledged {self.scans_acknowledged}, rows stored {self.scans_stored}"
        return [
            f"{clock.now():%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores shared with the load "
            f"generator and PostgreSQL, Python {platform.python_version()}",
            f"load average before the run {self.load_before:.1f}",
            libraries,
            f"PostgreSQL {self.postgres}; Redis {self.redis}",
            self.server,
            f"{self.accounts} accounts with proved name, session and green code; "
            f"{self.staff} staff at doors; rate limits on",
            self.plan,
            *([stored] if self.scans_acknowledged else []),
            *self.payments,
            f"`{self.command}`",
        ]


def speed_grid(lines: Sequence[Line], bare: Line | None) -> Grid:
    """Requests a second and latency, the ratio to bare, and who used the processor."""
    head = (
        "target", "requests/s", "rounds", "p50 ms", "p99 ms", "ratio to bare", "n",
        "web µs", "PostgreSQL µs", "generator µs",
    )  # fmt: skip
    rows = [
        [
            each.label,
            f"{each.rate:,.0f}",
            " / ".join(f"{rate:,.0f}" for rate in each.rates),
            f"{each.p50:.1f}",
            f"{each.p99:.1f}",
            _ratio(each.rate / bare.rate) if bare else "",
            f"{each.answered:,}",
            f"{each.web:.0f}",
            f"{each.database:.0f}",
            f"{each.generator:.0f}",
        ]
        for each in lines
    ]
    return head, rows


def _ratio(value: float) -> str:
    """Two digits that say something."""
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def shares_grid(found: Sequence[Shares]) -> Grid:
    """Microseconds of one request by layer, one column a route."""
    rows = [
        ["by the clock", *(f"{each.wall:.0f}" for each in found)],
        ["of the processor", *(f"{each.processor:.0f}" for each in found)],
        ["SQL statements", *(f"{each.statements:.1f}" for each in found)],
    ]
    for name in names():
        parts = [each.layers[name] for each in found]
        if max(parts) >= SMALL:
            cells = [f"{p * e.wall:.0f}  {p:.0%}" for p, e in zip(parts, found, strict=True)]
            rows.append([name, *cells])
    return ("µs a request", *(each.label for each in found)), rows


def show(console: Console, title: str, grid: Grid) -> None:
    """Print a table."""
    head, rows = grid
    table = Table(title=title, title_justify="left")
    table.add_column(head[0])
    for name in head[1:]:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def write(facts: Facts, grids: Sequence[tuple[str, str, Grid]], path: Path = EVIDENCE) -> None:
    """Write the evidence page: the facts, then each table under its title with its explanation."""
    parts = ["# Speed against a bare Flask route", _bullets(facts.sentences())]
    for title, words, grid in grids:
        parts += [f"## {title}", words, _markdown(grid)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n\n".join(parts) + "\n")


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"* {each}" for each in sentences)


def _markdown(grid: Grid) -> str:
    head, rows = grid
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
