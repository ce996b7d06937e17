"""Signing staff in: password, then a second factor, always."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from app.audit.services import Act, record
from app.core import clock, crypto, limits
from app.core.db import Session
from app.core.ids import new_id
from app.core.limits import Quota, network_of
from app.identity import passwords
from app.identity.sessions import Refused
from app.identity.staff import passkeys, second_factor, sessions
from app.identity.staff.errors import OfficerLoginRefused, PasswordTooWeak, SecondFactorRefused
from app.identity.staff.models import Officer, OfficerChallenge
from app.identity.staff.sessions import OfficerGranted, device_hash

LIFE = timedelta(minutes=5)
MAX_TRIES = 5

#: Wrong passwords for one login, from one network. A known device is counted by itself.
FAILED_HERE = Quota("officer_failed_network", 5, 900)
FAILED_DEVICE = Quota("officer_failed_device", 5, 900)
#: The same from all unknown devices of all networks together.
FAILED_ANYWHERE = Quota("officer_failed_login", 100, 86_400)
#: Wrong second factors of one officer; again known devices by themselves.
FAILED_FACTOR = Quota("officer_failed_factor", 20, 86_400)


@dataclass(frozen=True)
class Attempt:
    """A login with its password, and from where."""

    login: str
    password: str
    address: str
    device_id: str | None = None


@dataclass(frozen=True)
class Challenged:
    """The password was right. `totp_secret` is there to be enrolled, the first time only."""

    challenge: str
    totp_secret: str | None
    #: Options for `navigator.credentials.get`, where the officer has passkeys.
    passkey: dict[str, Any] | None
    must_change: bool
    login: str


@dataclass(frozen=True)
class Answered:
    """The second step: the challenge with a one-time password or a passkey's assertion, and a new
    password where asked."""

    challenge: str
    otp: str | None = None
    passkey: dict[str, Any] | None = None
    new_password: str | None = None
    browser: bool = False


def check_password(session: Session, attempt: Attempt) -> Challenged | Refused:
    """A challenge for the second factor, or the one refusal, in the same time for any login.

    Raises `TooManyRequests` after five failures of this login in this network, and `Unavailable`.
    """
    login, device = attempt.login.lower(), device_hash(attempt.device_id)
    taken = _take_try(session, login, device, attempt.address)
    officer = session.scalar(select(Officer).where(Officer.login == login))
    compared = officer.password_hash if officer else None
    right = passwords.verify(compared, attempt.password)
    if officer is not None and right:
        # It may have been reset while we compared: whoever resets it ends what has begun.
        session.refresh(officer, with_for_update=True)
        right = officer.password_hash == compared
    if officer is None or not right or officer.state != "active":
        subject = officer.id if officer else None
        record(session, Act("staff.sign_in", "anonymous", object_id=subject, result="refused"))
        return Refused(OfficerLoginRefused())
    for quota, who in taken:
        limits.give_back(session, quota, who)
    return _challenge(session, officer, device)


def check_second_factor(session: Session, answer: Answered) -> OfficerGranted | Refused:
    """Open a session if the one-time password or passkey is right and new. A wrong one is remembered.

    Raises `PasswordTooWeak` when a new password is demanded and is missing or not good.
    """
    found = _open_challenge(session, answer.challenge)
    if found is None:
        return Refused(SecondFactorRefused())
    row, officer = found
    right = (
        passkeys.proves(session, row, answer.passkey)
        if answer.passkey is not None
        else _check_otp(session, officer, row, answer.otp or "")
    )
    if not right:
        row.tries += 1
        act = Act("staff.second_factor", "officer", row.officer_id, result="refused")
        record(session, act)
        return Refused(SecondFactorRefused())
    _change_password(session, officer, answer.new_password)
    limits.give_back(session, FAILED_FACTOR, _who(session, row, officer))
    row.used_at = clock.now()
    row.totp_sealed = None
    record(session, Act("staff.sign_in", "officer", officer.id, unit_id=officer.unit_id))
    return sessions.open_session(session, officer, row.device_hash, browser=answer.browser)


def forget_old(session: Session) -> int:
    """Delete challenges a day after they expired. Returns how many."""
    long_ago = clock.now() - timedelta(days=1)
    old = delete(OfficerChallenge).where(OfficerChallenge.expires_at < long_ago)
    return session.connection().execute(old).rowcount


def _open_challenge(session: Session, text: str) -> tuple[OfficerChallenge, Officer] | None:
    """The challenge this text belongs to while it may be answered, and its officer; both locked."""
    mine = select(OfficerChallenge).where(
        OfficerChallenge.text_hash == _digest(text), OfficerChallenge.purpose == "sign_in"
    )
    row = session.scalar(mine.with_for_update())
    if row is None or row.used_at is not None or row.expires_at <= clock.now():
        return None
    officer = session.get_one(Officer, row.officer_id, with_for_update=True)
    if row.tries >= MAX_TRIES or officer.state != "active":
        return None
    if not limits.try_consume(session, FAILED_FACTOR, _who(session, row, officer)):
        return None
    return row, officer


def _check_otp(session: Session, officer: Officer, row: OfficerChallenge, otp: str) -> bool:
    """Whether it is right and later than the last one; the first right one enrols its secret."""
    secret = second_factor.secret_of(session, officer, row)
    step = second_factor.matching_step(secret, otp, officer.totp_step) if secret else None
    if secret is None or step is None:
        return False
    second_factor.enrol(session, officer, secret, step)
    return True


def _take_try(
    session: Session, login: str, device: bytes | None, address: str
) -> list[tuple[Quota, str]]:
    """Count this try as failed until it proves right. A known device has tries of its own."""
    known = device is not None and sessions.knows_device(session, login, device)
    taken = (
        [(FAILED_DEVICE, f"{login}|{device.hex()}")]
        if known and device
        else [(FAILED_HERE, f"{login}|{network_of(address)}"), (FAILED_ANYWHERE, login)]
    )
    for quota, who in taken:
        limits.consume(session, quota, who)
    return taken


def _challenge(session: Session, officer: Officer, device: bytes | None) -> Challenged:
    text, row_id, at = secrets.token_urlsafe(32), new_id(), clock.now()
    secret = second_factor.new_secret() if officer.totp_sealed is None else None
    keys = session.core.keys
    to_sign, options = passkeys.ask(session, officer.id)
    session.add(
        OfficerChallenge(
            id=row_id,
            purpose="sign_in",
            officer_id=officer.id,
            text_hash=_digest(text),
            device_hash=device,
            totp_sealed=secret and crypto.seal(keys, second_factor.challenge_field(row_id), secret),
            passkey_challenge=to_sign,
            tries=0,
            created_at=at,
            expires_at=at + LIFE,
            used_at=None,
        )
    )
    return Challenged(text, secret, options, officer.must_change, officer.login)


def _change_password(session: Session, officer: Officer, new: str | None) -> None:
    if new is None and not officer.must_change:
        return
    if new is None or not passwords.is_strong(new, officer.login):
        raise PasswordTooWeak
    if passwords.verify(officer.password_hash, new):
        raise PasswordTooWeak
    officer.password_hash = passwords.hash_password(new)
    if not officer.must_change:
        # The password of somebody else's choice ended them when it was given.
        sessions.end_all(session, officer.id, "password_changed")
    officer.must_change = False


def _who(session: Session, row: OfficerChallenge, officer: Officer) -> str:
    device = row.device_hash
    known = device is not None and sessions.knows_device(session, officer.login, device)
    return f"{officer.id}|{device.hex()}" if known and device else str(officer.id)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
