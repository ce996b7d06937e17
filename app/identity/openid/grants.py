"""Token families: access tokens kept as digests, refresh tokens derived, all ended together."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update

from app.core import clock, events, metrics
from app.core.db import Session
from app.core.ids import new_id
from app.core.keys import KeyRing
from app.identity import tokens
from app.identity.errors import TokenRefused
from app.identity.events import WayInChanged
from app.identity.models import Account
from app.identity.openid.models import OpenidClient, OpenidGrant, OpenidToken
from app.identity.openid.secrets import digest, new_secret
from app.identity.states import USABLE
from app.identity.tokens import RefreshToken

log = structlog.get_logger()

ACCESS_LIFE = timedelta(minutes=10)
REFRESH_LIFE = timedelta(days=60)
#: A lost answer to a refresh may be asked for again this long.
REPEAT_WINDOW = timedelta(seconds=30)
KEEP_ENDED = timedelta(days=90)

_PREFIX = "hbr_"
#: Another than of our own refresh tokens: neither can stand for the other.
_USE = b"openid"


@dataclass(frozen=True)
class LiveToken:
    """An access token that is good, and all it stands for."""

    token: OpenidToken
    grant: OpenidGrant
    client: OpenidClient

    @property
    def scopes(self) -> list[str]:
        """What it may still be told: its registration may have shrunk since."""
        return within(self.client, self.token.scopes)


def within(client: OpenidClient, scopes: list[str]) -> list[str]:
    """Those of the scopes that the client is registered for now."""
    return [scope for scope in scopes if scope in client.scopes]


def issue_access(session: Session, grant: OpenidGrant, scopes: list[str]) -> str:
    """A new access token of this family."""
    at, text = clock.now(), new_secret("hba_")
    session.add(
        OpenidToken(
            token_hash=digest(text),
            grant_id=grant.id,
            scopes=scopes,
            issued_at=at,
            expires_at=at + ACCESS_LIFE,
            revoked_at=None,
        )
    )
    session.flush()
    return text


def live_token(session: Session, text: str) -> LiveToken | None:
    """What this access token stands for, if it is good; None for anything else."""
    at = clock.now()
    found = (
        select(OpenidToken, OpenidGrant, OpenidClient)
        .join(OpenidGrant, OpenidGrant.id == OpenidToken.grant_id)
        .join(OpenidClient, OpenidClient.id == OpenidGrant.client_id)
        .join(Account, Account.id == OpenidGrant.account_id)
        .where(
            OpenidToken.token_hash == digest(text),
            OpenidToken.expires_at > at,
            OpenidToken.revoked_at.is_(None),
            OpenidClient.disabled_at.is_(None),
            *_living(),
        )
    )
    row = session.execute(found).first()
    return LiveToken(row[0], row[1], row[2]) if row else None


def derive_refresh(keys: KeyRing, grant: OpenidGrant) -> str:
    """The refresh token of the family's present generation: always the same text, stored nowhere."""
    return _PREFIX + tokens.derive_refresh(keys, grant.id, grant.generation, _USE)


def refreshable(session: Session, client: OpenidClient, text: str) -> OpenidGrant | None:
    """The living family, locked, that gave this client this refresh token, now or earlier."""
    presented = _read(session.core.keys, text)
    if presented is None:
        return None
    found = (
        select(OpenidGrant)
        .join(Account, Account.id == OpenidGrant.account_id)
        .where(
            OpenidGrant.id == presented.family_id,
            OpenidGrant.client_id == client.id,
            OpenidGrant.code_used_at.is_not(None),
            OpenidGrant.scopes.contains(["offline_access"]),
            *_living(),
        )
    )
    return session.scalar(found.with_for_update(of=OpenidGrant))


def rotate(session: Session, grant: OpenidGrant, text: str) -> bool:
    """Go on to the next generation if `text` is the present refresh token of this locked family.

    The token just replaced gets the same successor again for REPEAT_WINDOW; an older one proves a
    copy: the family ends and its person is told. The caller commits in either case.
    """
    presented, at = _read(session.core.keys, text), clock.now()
    if presented is None or presented.family_id != grant.id:
        return False
    if presented.generation >= grant.generation:
        # A later generation is ours too: the database was set back (a standby took over).
        grant.generation = presented.generation + 1
        grant.rotated_at = at
        grant.expires_at = at + REFRESH_LIFE
        return True
    if presented.generation == grant.generation - 1 and at - grant.rotated_at <= REPEAT_WINDOW:
        return True
    log.warning("openid_refresh_reused", count=1)
    end(grant, "reuse")
    metrics.REFRESH_REUSED.labels("site").inc()
    told = WayInChanged(str(new_id()), str(grant.account_id), "site_token_copied")
    events.record(session, told)
    return False


def revoke(session: Session, client: OpenidClient, text: str) -> None:
    """End an access token, or with a refresh token its whole family; others' tokens are unknown."""
    live = live_token(session, text)
    if live is not None and live.client.id == client.id:
        live.token.revoked_at = clock.now()
    grant = refreshable(session, client, text)
    if grant is not None:
        end(grant, "revoked")


def end(grant: OpenidGrant, because: str) -> None:
    """Refuse the code and every token of this family from now on."""
    if grant.ended_at is None:
        grant.ended_at = clock.now()
        grant.ended_because = because


def end_all(session: Session, because: str, *those: ColumnElement[bool]) -> None:
    """The same for all of these families at once."""
    living = update(OpenidGrant).where(OpenidGrant.ended_at.is_(None), *those)
    session.execute(living.values(ended_at=clock.now(), ended_because=because))


def of_client(account_id: uuid.UUID, client_id: uuid.UUID) -> ColumnElement[bool]:
    """What a client was given for one person."""
    return and_(OpenidGrant.account_id == account_id, OpenidGrant.client_id == client_id)


def forget_old(session: Session) -> int:
    """Delete tokens that expired, and families ninety days after they did. Returns how many."""
    at = clock.now()
    expired = delete(OpenidToken).where(OpenidToken.expires_at < at - timedelta(days=1))
    long_ago = at - KEEP_ENDED
    old = delete(OpenidGrant).where(
        or_(OpenidGrant.ended_at < long_ago, OpenidGrant.expires_at < long_ago),
        ~exists().where(OpenidToken.grant_id == OpenidGrant.id),
    )
    connection = session.connection()
    return connection.execute(expired).rowcount + connection.execute(old).rowcount


def _living() -> tuple[ColumnElement[bool], ...]:
    return (
        OpenidGrant.ended_at.is_(None),
        OpenidGrant.expires_at > clock.now(),
        Account.state.in_(USABLE),
    )


def _read(keys: KeyRing, text: str) -> RefreshToken | None:
    if not text.startswith(_PREFIX):
        return None
    try:
        return tokens.read_refresh(keys, text.removeprefix(_PREFIX), _USE)
    except TokenRefused:
        return None
