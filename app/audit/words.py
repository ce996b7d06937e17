"""What is told to the person concerned: each action in plain words."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "actions.csv"


@dataclass(frozen=True)
class Told:
    """What was done and why, in one language."""

    what: str
    why: str


_UNKNOWN = {
    "zh": Told("处理了您的信息", "业务办理"),
    "en": Told("used your data", "to handle a matter"),
}


def told(action: str, language: str) -> Told:
    """The words for an action."""
    return known().get((action, language)) or _UNKNOWN[language]


@cache
def known() -> dict[tuple[str, str], Told]:
    """(action, language) → words."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {
        (row["action"], language): Told(row[language], row[f"why_{language}"])
        for row in rows
        for language in ("zh", "en")
    }
