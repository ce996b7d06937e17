"""Which of a fact's days open which window today. Pure, apart from the calendar of holidays."""

from dataclasses import dataclass
from datetime import date, timedelta

from app.core.workdays import is_workday
from push.rules import Window

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """Facts whose day lies in `first` … `last` are in the window called `name`."""

    name: str
    first: date
    last: date


def spans(windows: tuple[Window, ...], today: date) -> list[Span]:
    """The spans of the fact's day, latest window first.

    A window stays open until the next one opens, so that a day on which nothing was evaluated, or a
    fact learned of late, still leads to the one reminder that fits.
    """
    found = []
    first = date.min
    for window in reversed(windows):
        last = latest_day(window, today)
        found.append(Span(window.name, first, last))
        first = last + _DAY
    return found


def latest_day(window: Window, today: date) -> date:
    """The latest day of a fact whose window is open today."""
    if window.unit == "days":
        return today - timedelta(days=window.offset)
    # Before the fact: the n-th working day after today. After it: the day before the n-th back.
    step = _DAY if window.offset < 0 else -_DAY
    day = today if window.offset < 0 else today + _DAY
    left = abs(window.offset)
    while left:
        day += step
        left -= is_workday(day)
    return day if window.offset < 0 else day - _DAY
