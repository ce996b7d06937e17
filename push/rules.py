"""What a rule is. The files that hold them are read by `rulebook`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from app.core import clock
from push import sources
from push.sources import Kind, Source

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@dataclass(frozen=True)
class Window:
    """From `offset` days after the fact's day on (before it, when negative) until the next window."""

    name: str
    #: Which of the fact's days is counted from.
    of: Literal["opens", "due"]
    offset: int
    unit: Literal["days", "working_days"]


@dataclass(frozen=True)
class Quiet:
    """Hours (Asia/Shanghai) in which no phone is made to ring."""

    start: time
    end: time

    def ends(self, at: datetime) -> datetime:
        """The first moment from `at` on that is not quiet: `at` itself, or when the hours end."""
        local = at.astimezone(clock.SHANGHAI)
        over_midnight = self.start > self.end
        early, late = local.time() < self.end, local.time() >= self.start
        if not ((early or late) if over_midnight else (early and late)):
            return at
        day = local.date() + timedelta(days=1 if over_midnight and late else 0)
        return datetime.combine(day, self.end, clock.SHANGHAI)


@dataclass(frozen=True)
class Words:
    """One text of the inbox in one language; `{…}` are filled when it is read."""

    title: str
    body: str
    because: str


@dataclass(frozen=True)
class Text:
    """What one kind of recipient is told, and the matter that helps them."""

    #: None where no matter would help.
    matter_code: str | None
    words: Mapping[Language, Words]


@dataclass(frozen=True)
class LockScreen:
    """What anybody who sees the phone may read."""

    title: str
    body: str


@dataclass(frozen=True)
class Rule:
    """One version of a rule."""

    id: str
    version: int
    effective_from: date
    effective_until: date | None
    category: str
    #: Whether people may mute it.
    opt_out: bool
    quiet: Quiet | None
    #: The one daily source, or the events it follows.
    facts: str | None
    events: tuple[str, ...]
    parameters: Mapping[str, str]
    windows: tuple[Window, ...]
    #: Told once for each of the fact's periods, or once for each window of it.
    once_per: Literal["period", "window"]
    texts: Mapping[str, Text]
    lock_screen: Mapping[Language, LockScreen]
    #: Name of a value → the value → how it is called.
    vocabulary: Mapping[str, Mapping[str, Mapping[Language, str]]]
    source: str
    confidence: str
    #: Examples with days, which a test plays through the database.
    cases: tuple[Mapping[str, Any], ...]

    @property
    def sources(self) -> tuple[Source, ...]:
        """Where its facts come from."""
        if self.facts is not None:
            return (sources.DAILY[self.facts],)
        return tuple(sources.ON_EVENT[event] for event in self.events)

    def params_of(self, wording: str) -> Mapping[str, Kind]:
        """What the source of that text knows, and how each value is shown."""
        return next(each.wordings[wording] for each in self.sources if wording in each.wordings)

    def holds_on(self, day: date) -> bool:
        """Whether this version is in force."""
        return self.effective_from <= day <= (self.effective_until or date.max)

    def may_ring(self, at: datetime) -> datetime:
        """The first moment from `at` on at which it may make a phone ring."""
        return at if self.quiet is None else self.quiet.ends(at)
