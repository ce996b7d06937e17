"""One-time codes by SMS. A code is six digits of HMAC(key, row id): derived, never stored."""

import hashlib
import hmac
import uuid
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import delete, func, select

from app.core import clock, crypto, jobs, limits, metrics
from app.core.db import Session
from app.core.errors import DomainError, TooManyRequests
from app.core.ids import new_id
from app.core.limits import Quota, network_of
from app.core.types import Actor
from app.identity import spraying
from app.identity.accounts import (
    account_of_phone,
    knows_device,
    own_account,
    phone_index,
    phone_of,
)
from app.identity.errors import CodeJustSent, CodeRefused, LoginRefused
from app.identity.models import LoginCode
from app.identity.sessions import Device, Granted, Refused, open_session

log = structlog.get_logger()

LIFE = timedelta(minutes=5)
PAUSE = timedelta(seconds=60)
MAX_TRIES = 5
#: What a code is for; one for something else opens nothing.
LOGIN, EXPORT, PASSWORD = "login", "export", "password"
PHONE, MERGE, CLOSURE, WAY_IN = "phone", "merge", "closure", "way_in"
PURPOSES = (LOGIN, EXPORT, PASSWORD, PHONE, MERGE, CLOSURE, WAY_IN)
SEND_TASK = "identity.send_login_code"

#: threats.md 1, 3 and 23.
PER_PHONE_HOUR = Quota("sms_phone_hour", 5, 3_600)
PER_PHONE_DAY = Quota("sms_phone_day", 10, 86_400)
PER_ADDRESS_HOUR = Quota("sms_address_hour", 600, 3_600)
#: Addresses that lie together (IPv4 /24, IPv6 /48): a carrier puts very many people behind a few.
PER_NETWORK_HOUR = Quota("sms_network_hour", 6_000, 3_600)
#: Everybody together, in shares by phone: one row would make all who sign in wait for each other.
SHARES = 16
ALL_HOUR = Quota("sms_all_hour", 200_000 // SHARES, 3_600)
JUDGED_A_DAY = Quota("code_judged_day", 20, 86_400)


@dataclass(frozen=True)
class Asker:
    """Who asks for a code: the phone (E.164), the network address and, where it says so, the device."""

    phone: str
    address: str
    device_id: str | None = None


def request_code(session: Session, purpose: str, asker: Asker) -> None:
    """Have a code sent to a phone. Known and unknown phones are treated alike.

    Raises `TooManyRequests` with the wait: one a minute, 5 an hour and 10 a day per phone. A device
    that has signed in to the phone's account has 5 and 10 of its own, so that strangers who ask for
    codes in somebody's name cannot keep that person out.
    """
    phone, address = asker.phone, asker.address
    index = phone_index(session, phone)
    _lock_phone(session, index)
    _keep_pause(session, index)
    subject = _subject(session, index, asker.device_id)
    limits.consume(session, PER_PHONE_HOUR, subject)
    limits.consume(session, PER_PHONE_DAY, subject)
    limits.consume(session, PER_ADDRESS_HOUR, address)
    limits.consume(session, PER_NETWORK_HOUR, network_of(address))
    _keep_budget(session, index)
    at, row_id = clock.now(), new_id()
    session.add(
        LoginCode(
            id=row_id,
            phone_index=index,
            phone_sealed=crypto.seal(session.core.keys, _phone_field(row_id), phone),
            purpose=purpose,
            kid=session.core.keys.current("one_time_codes").kid,
            tries=0,
            known_tries=0,
            created_at=at,
            expires_at=at + LIFE,
            used_at=None,
        )
    )
    jobs.defer(session, SEND_TASK, queue="sms", code_id=str(row_id))


@dataclass(frozen=True)
class Guess:
    """A code somebody entered, with the solution of a task if one was set."""

    phone: str
    code: str
    work: str | None = None
    purpose: str = LOGIN


def sign_in(session: Session, guess: Guess, device: Device) -> Granted | Refused:
    """Open a session if the code is the newest one sent to the phone. A wrong guess is remembered."""
    refusal = refuse(session, guess, device.id)
    if refusal is not None:
        return Refused(refusal)
    return open_session(session, account_of_phone(session, guess.phone), device)


def refuse(session: Session, guess: Guess, device_id: str | None = None) -> DomainError | None:
    """Why the code is not accepted; None uses it up. The caller commits in either case.

    A code takes 5 guesses, a phone 20 a day: of all strangers together, and of each known device.
    While very many guesses fail, strangers must first solve a task (`spraying.WorkRequired`).
    """
    index = phone_index(session, guess.phone)
    subject = _subject(session, index, device_id)
    if subject != index.hex():
        return None if _judge(session, guess, subject, "known_tries") else LoginRefused()
    demanded = spraying.demand_work(session, subject, guess.work)
    if demanded:
        return demanded
    right = _judge(session, guess, subject, "tries")
    spraying.note(session, opened=right)
    return None if right else LoginRefused()


def confirm(session: Session, actor: Actor, purpose: str, code: str) -> CodeRefused | None:
    """Why a code for `purpose` does not confirm what the actor wants; None uses it up.

    It must be the newest one sent to the account's own phone. The caller commits in either case.
    """
    phone = phone_of(session, own_account(session, actor))
    subject = f"{phone_index(session, phone).hex()}|{actor.session_id}"
    guess = Guess(phone, code, purpose=purpose)
    return None if _judge(session, guess, subject, "known_tries") else CodeRefused()


def prove(session: Session, guess: Guess, device_id: str) -> bool:
    """Whether somebody who is signed in has this phone, their own or another.

    A right code is used up, a wrong one counted; the caller commits in either case.
    """
    index = phone_index(session, guess.phone)
    subject = _subject(session, index, device_id)
    tries = "tries" if subject == index.hex() else "known_tries"
    return _judge(session, guess, subject, tries)


def _judge(session: Session, guess: Guess, subject: str, tries: str) -> bool:
    row = _newest(session, phone_index(session, guess.phone), guess.purpose)
    if row is None or getattr(row, tries) >= MAX_TRIES:
        return False
    if not limits.try_consume(session, JUDGED_A_DAY, subject):
        return False
    if not hmac.compare_digest(derive(session, row), guess.code):
        setattr(row, tries, getattr(row, tries) + 1)
        return False
    row.used_at = clock.now()
    return True


def derive(session: Session, row: LoginCode) -> str:
    """The six digits of this row; under a key killed meanwhile there are none, and no guess fits."""
    key = session.core.keys.get("one_time_codes", row.kid)
    if key is None:
        return ""
    digest = hmac.digest(key.secret, row.id.bytes, hashlib.sha256)
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"


def recipient(session: Session, row: LoginCode) -> str:
    """The phone (E.164) the code goes to."""
    return crypto.unseal(session.core.keys, _phone_field(row.id), row.phone_sealed)


def forget_old(session: Session) -> int:
    """Delete codes a day after they expired. Returns how many."""
    old = delete(LoginCode).where(LoginCode.expires_at < clock.now() - timedelta(days=1))
    return session.connection().execute(old).rowcount


def _newest(session: Session, index: bytes, purpose: str) -> LoginCode | None:
    latest = (
        select(LoginCode)
        .where(LoginCode.phone_index == index, LoginCode.purpose == purpose)
        .order_by(LoginCode.created_at.desc())
        .limit(1)
        .with_for_update()
    )
    row = session.scalar(latest)
    if row is None or row.used_at is not None:
        return None
    return row if row.expires_at > clock.now() else None


def _subject(session: Session, index: bytes, device_id: str | None) -> str:
    """What the limits of this phone are counted under: a known device by itself, all others together."""
    if device_id is not None and knows_device(session, index, device_id):
        return f"{index.hex()}|{device_id}"
    return index.hex()


def _keep_budget(session: Session, index: bytes) -> None:
    try:
        limits.consume(session, ALL_HOUR, f"share {index[0] % SHARES}")
    except TooManyRequests:
        log.error("sms_budget_spent", queue="sms")
        metrics.SMS_BUDGET_SPENT.inc()
        raise


def _keep_pause(session: Session, index: bytes) -> None:
    latest = select(func.max(LoginCode.created_at)).where(LoginCode.phone_index == index)
    sent_at = session.scalar(latest)
    if sent_at is not None and clock.now() - sent_at < PAUSE:
        left = sent_at + PAUSE - clock.now()
        raise CodeJustSent(retry_after=int(left.total_seconds()) + 1)


def _lock_phone(session: Session, index: bytes) -> None:
    number = int.from_bytes(index[:8], "big", signed=True)
    session.execute(select(func.pg_advisory_xact_lock(number)))


def _phone_field(row_id: uuid.UUID) -> crypto.Field:
    return crypto.Field("login_codes", "phone_sealed", row_id)
