"""Authorisation codes: one minute, one use; the second use ends what the first one gave."""

import uuid
from datetime import timedelta

from sqlalchemy import select

from app.core import clock, crypto
from app.core.db import Session
from app.core.ids import new_id
from app.identity.openid import grants, requests
from app.identity.openid.deciding import Ready
from app.identity.openid.models import OpenidClient, OpenidGrant
from app.identity.openid.requests import Waiting
from app.identity.openid.scopes import answered_acr
from app.identity.openid.secrets import digest, new_secret

LIFE = timedelta(seconds=60)
#: A client that does not come back with a refresh token for this long must ask again.
GRANT_LIFE = timedelta(days=60)


def issue_code(session: Session, waiting: Waiting, ready: Ready) -> str:
    """Finish the request. Returns the code, which is stored nowhere."""
    at, code, row_id = clock.now(), new_secret("hbc_"), new_id()
    nonce = waiting.parameters.get("nonce")
    session.add(
        OpenidGrant(
            id=row_id,
            client_id=waiting.client.id,
            account_id=ready.account.id,
            login_id=ready.login.id,
            code_hash=digest(code),
            code_expires_at=at + LIFE,
            code_used_at=None,
            code_challenge=waiting.parameters["code_challenge"],
            redirect_uri=waiting.wish.redirect_uri,
            nonce_sealed=crypto.seal(session.core.keys, _nonce(row_id), nonce) if nonce else None,
            scopes=sorted(waiting.wish.scopes & set(ready.consent.scopes)),
            acr=answered_acr(ready.level, waiting.wish.acr_values),
            amr=ready.login.amr,
            auth_at=ready.login.auth_at,
            generation=0,
            rotated_at=at,
            created_at=at,
            expires_at=at + GRANT_LIFE,
            ended_at=None,
            ended_because=None,
        )
    )
    requests.finish(waiting)
    session.flush()
    return code


def present_code(session: Session, client: OpenidClient, code: str) -> OpenidGrant | None:
    """The grant behind a code that its own client presents for the first time and in time.

    Presenting uses the code up, whatever else is wrong with the request. Once used it proves that
    there are two copies: the tokens it gave end. The caller commits in either case.
    """
    found = select(OpenidGrant).where(
        OpenidGrant.code_hash == digest(code), OpenidGrant.client_id == client.id
    )
    grant = session.scalar(found.with_for_update())
    if grant is None:
        return None
    if grant.code_used_at is not None:
        grants.end(grant, "replayed")
        return None
    grant.code_used_at = clock.now()
    if grant.code_expires_at <= clock.now() or grant.ended_at is not None:
        return None
    return grant


def nonce_of(session: Session, grant: OpenidGrant) -> str | None:
    """The client's nonce."""
    if grant.nonce_sealed is None:
        return None
    return crypto.unseal(session.core.keys, _nonce(grant.id), grant.nonce_sealed)


def _nonce(row_id: uuid.UUID) -> crypto.Field:
    return crypto.Field("openid_grants", "nonce_sealed", row_id)
