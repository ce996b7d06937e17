"""The breaker against spraying (撞库): one guess each at very many phones (threats.md 2).

Limits per phone do not see it, so the guesses of strange devices are counted for everybody together.
When most of them fail, each further one costs its device work (SHA-256, about a second on a phone) until
the wave is over. A device that the account knows is never asked.
"""

import base64
import hashlib
import hmac
import secrets
import time
from datetime import UTC, datetime

import structlog

from app.core import clock, limits
from app.core.db import Session
from app.core.errors import NotAllowed
from app.core.limits import Quota
from app.core.metrics import Figure

log = structlog.get_logger()

#: Counted by the minute, in shares: one row would make all who sign in wait for each other.
FAILED = Quota("login_failed", 0, 60)
OPENED = Quota("login_opened", 0, 60)
SHARES = tuple(str(share) for share in range(16))
MINUTES = 5
#: It trips when this many failed within MINUTES, and more than were opened.
TRIPS_AT = 300
#: Leading zero bits a solution must have: about 2**BITS hashes.
BITS, MOST_BITS = 17, 21
#: Seconds a task is good for.
LIFE = 120
ALARM = Quota("login_alarm", 1, 60)


class WorkRequired(NotAllowed):
    """Facts: `task`, `bits`. A solution is `task:nonce` whose SHA-256 begins with that many zero bits."""

    code = "proof_of_work_required"
    zh = "当前登录人数异常，正在进行安全校验，请稍候。"
    en = "Many sign-ins are failing just now; your device must first solve a small task."


def note(session: Session, *, opened: bool) -> None:
    """Count how a strange device's guess ended."""
    limits.count(session, OPENED if opened else FAILED, secrets.choice(SHARES))


def failed_lately(session: Session) -> int:
    """Guesses of strange devices that failed within the last minutes."""
    return limits.used_lately(session, FAILED, SHARES, MINUTES)


def figures(session: Session) -> list[Figure]:
    """For those who watch: an alarm belongs on the second."""
    failed, bits = failed_lately(session), tripped(session)
    return [
        Figure("huiban_login_failed_last_minutes", "Failed guesses of strange devices", failed),
        Figure("huiban_login_breaker_bits", "Work asked of strange devices, 0 if none", bits or 0),
    ]


def tripped(session: Session) -> int | None:
    """The bits asked for now, or None while all is well. Says so in the log once a minute."""
    failed = failed_lately(session)
    if failed < TRIPS_AT or failed <= limits.used_lately(session, OPENED, SHARES, MINUTES):
        return None
    if limits.try_consume(session, ALARM, "spraying"):
        log.error("login_breaker_tripped", count=failed)
    return min(MOST_BITS, BITS + (failed // TRIPS_AT).bit_length() - 1)


def demand_work(session: Session, subject: str, solution: str | None) -> WorkRequired | None:
    """A task to be solved first, or None if there is no need or `solution` is one for `subject`."""
    bits = tripped(session)
    if bits is None or (solution is not None and _solves(session, subject, solution, bits)):
        return None
    return WorkRequired(
        task=_task(session, subject, int(clock.now().timestamp()) + LIFE), bits=bits
    )


def solve(task: str, bits: int) -> str:
    """A solution. Takes about a second at most: for tests and clients in Python."""
    until = time.monotonic() + 60
    nonce = 0
    while _zero_bits(f"{task}:{nonce}") < bits:
        nonce += 1
        if time.monotonic() > until:
            raise TimeoutError
    return f"{task}:{nonce}"


def _solves(session: Session, subject: str, solution: str, bits: int) -> bool:
    task, _, nonce = solution.rpartition(":")
    ends = task.partition(".")[0]
    if not (ends.isascii() and ends.isdigit() and nonce) or _zero_bits(solution) < bits:
        return False
    if not hmac.compare_digest(task.encode(), _task(session, subject, int(ends), task).encode()):
        return False
    if int(ends) <= clock.now().timestamp():
        return False
    return limits.once(session, "login_work", task, datetime.fromtimestamp(int(ends), UTC))


def _task(session: Session, subject: str, ends: int, like: str | None = None) -> str:
    """`ends.salt.seal`: nobody else can make one, and it serves one phone only."""
    salt = like.split(".")[1] if like and like.count(".") == 2 else secrets.token_hex(8)
    secret = session.core.keys.current("one_time_codes").secret
    seal = hmac.digest(secret, f"work|{subject}|{ends}|{salt}".encode(), hashlib.sha256)
    return f"{ends}.{salt}.{base64.urlsafe_b64encode(seal[:18]).decode()}"


def _zero_bits(text: str) -> int:
    digest = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    return 256 - digest.bit_length()
