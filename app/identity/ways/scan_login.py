"""Sign-in by QR code (扫码登录): a screen waits, a signed-in phone says yes.

The QR names the request and nothing else; only who began it, by its secret, gets the session, once.
Against a code shown elsewhere than where the person stands, the phone says what waits, in which
network, and demands the number on the screen.
"""

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import delete

from app.core import clock, crypto, events, limits
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.limits import Quota, network_of
from app.core.types import LEVELS, Actor
from app.identity.accounts import lock_accounts
from app.identity.events import WayInChanged
from app.identity.models import Account, SessionFamily
from app.identity.sessions import Device, Granted, Refused, open_session
from app.identity.ways.errors import ScanLoginNotOpen, ScanLoginOver, WrongPair
from app.identity.ways.models import ScanLogin
from app.identity.ways.states import CLAIMED, CONFIRMED, DECLINED, WAITING, may_become

LIFE = timedelta(minutes=2)
#: At a machine that others use too, whoever forgets to sign out is signed out.
AT_A_KIOSK = timedelta(minutes=15)
#: Numbers the phone offers, the right one among them.
OFFERED = 3
PER_ADDRESS_HOUR = Quota("scan_login_address", 1_200, 3_600)


@dataclass(frozen=True)
class Waiting:
    """Nobody has answered yet."""


@dataclass(frozen=True)
class Started:
    """What the screen needs: the request's id, its own secret, and the number to show."""

    scan_id: uuid.UUID
    secret: str
    number: str


@dataclass(frozen=True)
class Shown:
    """What the phone shows before anybody says yes."""

    row: ScanLogin
    client_name: str
    network: str
    same_network: bool


def start(session: Session, name: str, kind: str, address: str) -> Started:
    """Begin. Raises `TooManyRequests`."""
    limits.consume(session, PER_ADDRESS_HOUR, address)
    at, row_id, secret = clock.now(), new_id(), secrets.token_urlsafe(32)
    numbers = [f"{number:02d}" for number in secrets.SystemRandom().sample(range(100), OFFERED)]
    keys = session.core.keys
    session.add(
        ScanLogin(
            id=row_id,
            secret_hash=_digest(secret),
            client_kind=kind,
            client_sealed=crypto.seal(keys, _field("client_sealed", row_id), name),
            network_sealed=crypto.seal(keys, _field("network_sealed", row_id), network_of(address)),
            number=numbers[0],
            numbers=" ".join(sorted(numbers)),
            state=WAITING,
            account_id=None,
            family_id=None,
            level=None,
            created_at=at,
            expires_at=at + LIFE,
        )
    )
    return Started(row_id, secret, numbers[0])


def show(session: Session, actor: Actor, scan_id: uuid.UUID, address: str) -> Shown:
    """Who waits, and where. One that somebody else answered is unknown: `NotFound`."""
    row = _mine(session, actor, scan_id)
    if row.state != WAITING:
        raise ScanLoginNotOpen
    keys = session.core.keys
    name = crypto.unseal(keys, _field("client_sealed", row.id), row.client_sealed)
    network = crypto.unseal(keys, _field("network_sealed", row.id), row.network_sealed)
    return Shown(row, name, network, network == network_of(address))


def confirm(session: Session, actor: Actor, scan_id: uuid.UUID, number: str) -> Refused | None:
    """Let the screen in. A number that is not on it declines the request, and that is remembered."""
    row = _mine(session, actor, scan_id)
    if not may_become(row.state, CONFIRMED):
        raise ScanLoginNotOpen
    row.account_id = actor.account
    if not hmac.compare_digest(row.number, number):
        row.state = DECLINED
        return Refused(WrongPair())
    row.family_id, row.level, row.state = actor.session_id, actor.level, CONFIRMED
    return None


def decline(session: Session, actor: Actor, scan_id: uuid.UUID) -> None:
    """Say no, also after yes as long as the screen has not come in."""
    row = _mine(session, actor, scan_id)
    if not may_become(row.state, DECLINED):
        raise ScanLoginNotOpen
    row.account_id, row.state = actor.account, DECLINED


def claim(session: Session, scan_id: uuid.UUID, secret: str, device: Device) -> Granted | Waiting:
    """The session, once, for who began. A wrong secret is like an unknown id: `NotFound`.

    Raises `ScanLoginOver` when there is nothing to wait for any more.
    """
    row = session.get(ScanLogin, scan_id, with_for_update=True)
    if row is None or not hmac.compare_digest(row.secret_hash, _digest(secret)):
        raise NotFound
    if row.expires_at <= clock.now() or row.state in (DECLINED, CLAIMED):
        raise ScanLoginOver
    if row.state == WAITING:
        return Waiting()
    account = _confirmed_by(session, row)
    row.state = CLAIMED
    told = WayInChanged(id=str(row.id), account_id=str(account.id), what="scan_login")
    events.record(session, told)
    if row.client_kind == "kiosk":
        device = replace(device, lasts=AT_A_KIOSK)
    return open_session(session, account, device, proved=True)


def forget_old(session: Session) -> int:
    """Delete requests a day after they expired. Returns how many."""
    old = delete(ScanLogin).where(ScanLogin.expires_at < clock.now() - timedelta(days=1))
    return session.connection().execute(old).rowcount


def _confirmed_by(session: Session, row: ScanLogin) -> Account:
    """The account, if the phone is still signed in and no less proved than the screen would be."""
    account = session.get_one(Account, row.account_id)
    lock_accounts(session, account.id)
    # Locked, so that whoever signs the phone out just now is waited for.
    phone = session.get_one(
        SessionFamily, row.family_id, with_for_update=True, populate_existing=True
    )
    if phone.ended_at is not None:
        raise ScanLoginOver
    if LEVELS.index(account.level) > LEVELS.index(row.level):
        raise ScanLoginOver
    return account


def _mine(session: Session, actor: Actor, scan_id: uuid.UUID) -> ScanLogin:
    """The request under lock, unless it is somebody else's. Raises `NotFound`, `ScanLoginOver`."""
    row = session.get(ScanLogin, scan_id, with_for_update=True)
    if row is None or row.account_id not in (None, actor.account):
        raise NotFound
    if row.expires_at <= clock.now():
        raise ScanLoginOver
    return row


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _field(column: str, row_id: uuid.UUID) -> crypto.Field:
    return crypto.Field("scan_logins", column, row_id)
