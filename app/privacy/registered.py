"""The registry of purposes (处理目的登记): one file for each version of each notice.

A version that was shown to anybody is never edited: a change is a new file, and who agreed to the
older one is asked again.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

FOLDER = Path(__file__).parent / "purposes"

#: PIPL 13: the person agreed, a duty the law gives us, or an emergency of public health.
Basis = Literal["consent", "statutory_duty", "public_health"]


class PurposeRefused(Exception):
    """A purpose's file cannot be used; the message names it and says why."""


@dataclass(frozen=True)
class Words:
    """The notice in one language."""

    title: str
    notice: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Purpose:
    """One version of what data is used for, and by what right."""

    code: str
    version: int
    #: The day from which the notice holds.
    since: date
    basis: Basis
    #: The articles.
    law: str
    sensitive: bool
    #: Whether somebody must agree to this alone (单独同意, PIPL 29).
    separate_consent: bool
    zh: Words
    en: Words
    #: SHA-256 of the file: proof of what was shown.
    digest: bytes

    @property
    def asks_consent(self) -> bool:
        """Whether it can be agreed to, and withdrawn."""
        return self.basis == "consent" or self.separate_consent

    def words(self, language: str) -> Words:
        """The notice in `language` ("zh" or "en")."""
        return self.en if language == "en" else self.zh


@cache
def current() -> Mapping[str, Purpose]:
    """Each purpose in its newest version, in the order of their codes. Raises `PurposeRefused`."""
    newest: dict[str, Purpose] = {}
    for path in sorted(FOLDER.glob("*.json")):
        purpose = read(path)
        if purpose.code not in newest or newest[purpose.code].version < purpose.version:
            newest[purpose.code] = purpose
    return newest


def read(path: Path) -> Purpose:
    """One file. Raises `PurposeRefused`."""
    content = path.read_bytes()
    try:
        purpose = _purpose(json.loads(content), hashlib.sha256(content).digest())
    except (ValueError, KeyError, TypeError) as error:
        raise PurposeRefused(f"{path.name}: {error}") from error
    if path.name != f"{purpose.code}.v{purpose.version}.json":
        raise PurposeRefused(f"{path.name}: says it is {purpose.code}.v{purpose.version}")
    if purpose.basis not in get_args(Basis):
        raise PurposeRefused(f"{path.name}: no such basis: {purpose.basis}")
    if purpose.sensitive and purpose.basis == "consent" and not purpose.separate_consent:
        raise PurposeRefused(f"{path.name}: sensitive data need a separate consent")
    return purpose


def _purpose(content: dict[str, Any], digest: bytes) -> Purpose:
    return Purpose(
        code=content["purpose"],
        version=int(content["version"]),
        since=date.fromisoformat(content["since"]),
        basis=content["basis"],
        law=content["law"],
        sensitive=bool(content["sensitive"]),
        separate_consent=bool(content["separate_consent"]),
        zh=_words(content, "zh"),
        en=_words(content, "en"),
        digest=digest,
    )


def _words(content: dict[str, Any], language: str) -> Words:
    said = content[language]
    fields = tuple(each[language] for each in content["fields"])
    if not all((said["title"], said["notice"], *fields)):
        raise ValueError(f"words are missing in {language}")
    return Words(said["title"], said["notice"], fields)
