"""Passwords: Argon2id, a few at a time, in equal time whether there is one to compare with or not."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.errors import Unavailable

#: OWASP's recommendation for Argon2id: 19 MiB, 2 passes, 1 lane. RFC 9106's 64 MiB, 3 passes, 4 lanes
#: take eight times the work, which guesses at sign-in would turn against us.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: Hashes at a time and process: half of its threads stay free for everything else.
AT_ONCE = 2
#: Seconds one may wait for a place: whoever waits holds a thread, too.
LONGEST_WAIT = 0.1

SHORTEST = 12
LONGEST = 128
KINDS = 3

_places = BoundedSemaphore(AT_ONCE)


def hash_password(password: str) -> str:
    """The stored form. Raises `Unavailable` when too many are at it."""
    with _place():
        return _HASHER.hash(password)


def verify(stored: str | None, password: str) -> bool:
    """Whether `password` is the stored one; with None it takes as long and is wrong.

    Raises `Unavailable` when too many are at it.
    """
    with _place():
        try:
            return _HASHER.verify(stored or _nobodys(), password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def is_strong(password: str, login: str) -> bool:
    """At least twelve characters of three kinds, and not the login (GB/T 22239 8.1.4.1)."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda each: not each.isalnum())
    found = sum(any(kind(each) for each in password) for kind in kinds)
    return found >= KINDS and len(password) >= SHORTEST and login not in password.lower()


def is_outdated(stored: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=LONGEST_WAIT):
        raise Unavailable(retry_after=2)
    try:
        yield
    finally:
        _places.release()


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody's password")
