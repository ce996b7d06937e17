"""Limits: quotas that must hold stand in PostgreSQL; the first line stands in this process's memory."""

import hashlib
import hmac
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, Session
from app.core.errors import TooManyRequests

#: Entries of the first line a process keeps at most.
MOST_SUBJECTS = 500_000


@dataclass(frozen=True)
class Quota:
    """At most `limit` uses in each window of `seconds`."""

    name: str
    limit: int
    seconds: int


class Used(Base):
    """How much of a quota one subject has used in one window."""

    __tablename__ = "quota_used"

    #: Name of the quota and a keyed digest of the subject: no phone, address or name.
    bucket: Mapped[str] = mapped_column(primary_key=True)
    window_ends: Mapped[datetime] = mapped_column(primary_key=True, index=True)
    used: Mapped[int]


def consume(session: Session, quota: Quota, subject: str) -> None:
    """Use one unit, counted when the caller commits. Raises `TooManyRequests` with the wait."""
    if not try_consume(session, quota, subject):
        raise TooManyRequests(retry_after=_seconds_left(quota))


def try_consume(session: Session, quota: Quota, subject: str) -> bool:
    """Use one unit if there is one left. Concurrent users of one bucket wait for each other."""
    row = insert(Used).values(
        bucket=_bucket(session, quota, subject), window_ends=_window_end(quota), used=1
    )
    counted = row.on_conflict_do_update(
        index_elements=["bucket", "window_ends"],
        set_={"used": Used.used + 1},
        where=Used.used < quota.limit,
    ).returning(Used.used)
    return session.execute(counted).scalar() is not None


def once(session: Session, name: str, subject: str, until: datetime) -> bool:
    """Whether this is the first time; remembered until then."""
    quota = Quota(name, 1, 1)
    row = insert(Used).values(bucket=_bucket(session, quota, subject), window_ends=until, used=1)
    first = row.on_conflict_do_nothing().returning(Used.used)
    return session.execute(first).scalar() is not None


def count(session: Session, quota: Quota, subject: str) -> None:
    """Count one unit, whatever the limit."""
    row = insert(Used).values(
        bucket=_bucket(session, quota, subject), window_ends=_window_end(quota), used=1
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=["bucket", "window_ends"], set_={"used": Used.used + 1}
        )
    )


def used_lately(session: Session, quota: Quota, subjects: Iterable[str], windows: int) -> int:
    """The units of all `subjects` together, in this window and the ones before it."""
    since = _window_end(quota) - timedelta(seconds=quota.seconds * windows)
    total = select(func.coalesce(func.sum(Used.used), 0)).where(
        Used.bucket.in_([_bucket(session, quota, subject) for subject in subjects]),
        Used.window_ends > since,
    )
    return session.scalars(total).one()


def give_back(session: Session, quota: Quota, subject: str) -> None:
    """Return one unit of this window: what it was taken for could not be tried at all."""
    taken = update(Used).where(
        Used.bucket == _bucket(session, quota, subject),
        Used.window_ends == _window_end(quota),
        Used.used > 0,
    )
    session.execute(taken.values(used=Used.used - 1))


def forget_old(session: Session) -> int:
    """Delete the counts of windows that ended an hour ago. Returns how many."""
    old = delete(Used).where(Used.window_ends < clock.now() - timedelta(hours=1))
    return session.connection().execute(old).rowcount


def _bucket(session: Session, quota: Quota, subject: str) -> str:
    secret = session.core.keys.current("blind_phone").secret
    text = f"quota|{quota.name}|{subject}".encode()
    return f"{quota.name}:{hmac.digest(secret, text, hashlib.sha256).hex()[:32]}"


def _window_end(quota: Quota) -> datetime:
    second = int(clock.now().timestamp())
    start = second - second % quota.seconds
    return datetime.fromtimestamp(start, UTC) + timedelta(seconds=quota.seconds)


def _seconds_left(quota: Quota) -> int:
    return max(1, int((_window_end(quota) - clock.now()).total_seconds()) + 1)


def network_of(address: str) -> str:
    """Addresses that lie together (IPv4 /24, IPv6 /48): whoever has one easily gets the next."""
    try:
        version = ip_address(address).version
    except ValueError:
        return address
    return str(ip_network(f"{address}/{24 if version == 4 else 48}", strict=False))


class FirstLine:
    """Per-minute limits in memory: they keep one caller from holding a whole process.

    Each process counts for itself, so the service as a whole allows at most this many times the
    number of processes. Nothing that must hold exactly relies on it.
    """

    def __init__(self) -> None:
        self._minute = 0
        self._used: Counter[tuple[str, str]] = Counter()

    def check(self, kind: str, subject: str, per_minute: int) -> None:
        """Count one call. Raises `TooManyRequests` with the seconds left of this minute."""
        second = int(time.monotonic())
        # All counts go with their minute, and early if somebody invents subjects to fill memory.
        if second // 60 != self._minute or len(self._used) > MOST_SUBJECTS:
            self._minute, self._used = second // 60, Counter()
        self._used[kind, subject] += 1
        if self._used[kind, subject] > per_minute:
            raise TooManyRequests(retry_after=60 - second % 60)
