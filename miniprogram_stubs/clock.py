"""The one place this application reads the time from, so that tests can move it."""

import time
from datetime import UTC, datetime, timedelta, timezone

#: All legal days and all timestamps in answers are Beijing time; China has no summer time.
BEIJING = timezone(timedelta(hours=8))


def now() -> float:
    """Seconds since 1970 (UTC), with fractions."""
    return time.time()


def utc_date(timestamp: float) -> str:
    """The UTC day `YYYY-MM-DD` of a timestamp, as cloud signatures scope their keys."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")


def beijing(timestamp: float) -> datetime:
    """The same moment as an aware datetime in Beijing time."""
    return datetime.fromtimestamp(timestamp, BEIJING)


def rfc3339(timestamp: float) -> str:
    """The moment as RFC 3339 text in Beijing time, to the millisecond."""
    return beijing(timestamp).isoformat(timespec="milliseconds")
