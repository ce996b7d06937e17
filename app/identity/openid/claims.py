"""What a client is told about a person: for each scope the least that serves it."""

from typing import Any

from app.audit.services import Act, record
from app.core.db import Session
from app.core.types import Actor
from app.identity.accounts import phone_of
from app.identity.models import Account
from app.identity.openid.codes import nonce_of
from app.identity.openid.grants import LiveToken
from app.identity.openid.id_tokens import ID_TOKEN_LIFE
from app.identity.openid.models import OpenidClient, OpenidGrant
from app.identity.openid.subjects import sid, subject
from app.identity.organisations.queries import my_rights
from app.identity.queries import identity_document, masked_name

CLAIMS = (
    *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid"),
    *("name", "level", "phone_number", "phone_number_verified"),
    *("document_type", "document_number", "organisations"),
)


def userinfo(session: Session, live: LiveToken) -> dict[str, Any]:
    """The person behind a token. Reading it leaves an audit row that the person may see."""
    account = session.get_one(Account, live.grant.account_id)
    scopes = set(live.scopes)
    told: dict[str, Any] = {"sub": subject(session, live.client, account.id)}
    if "profile" in scopes:
        told["level"] = account.level
        if account.person_id is not None:
            told["name"] = masked_name(session, account.person_id)
    if "phone" in scopes:
        told["phone_number"] = phone_of(session, account)
        told["phone_number_verified"] = True
    if "real_name" in scopes and account.person_id is not None:
        document = identity_document(session, account.person_id)
        told["name"] = document.name
        told["document_type"] = document.document_type
        told["document_number"] = document.document_number
    if "organisation" in scopes:
        told["organisations"] = organisations_of(session, account)
    act = Act(
        "openid.userinfo_read",
        "department",
        actor_id=live.client.id,
        subject_id=account.person_id or account.id,
        object_id=live.grant.id,
    )
    record(session, act)
    return told


def organisations_of(session: Session, account: Account) -> list[dict[str, Any]]:
    """The organisations the person may act for now, and by what right."""
    if account.person_id is None:
        return []
    actor = Actor("citizen", citizen_id=account.id, person_id=account.person_id)
    return [
        {
            "name": right.organisation.name,
            "unified_social_credit_code": right.organisation.uscc,
            "role": right.role,
            "scopes": sorted(right.scopes),
        }
        for right in my_rights(session, actor, stale_too=False)
    ]


def id_token_claims(
    session: Session, issuer: str, client: OpenidClient, grant: OpenidGrant, now: int
) -> dict[str, Any]:
    """Who signed in, when and how; nothing about the person."""
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": subject(session, client, grant.account_id),
        "aud": str(client.id),
        "iat": now,
        "exp": now + ID_TOKEN_LIFE,
        "auth_time": int(grant.auth_at.timestamp()),
        "acr": grant.acr,
        "amr": list(grant.amr),
        "sid": sid(session, client, grant.login_id),
    }
    nonce = nonce_of(session, grant)
    if nonce is not None:
        claims["nonce"] = nonce
    return claims


def token_facts(session: Session, issuer: str, live: LiveToken) -> dict[str, Any]:
    """What the client may ask about its own access token."""
    return {
        "iss": issuer,
        "client_id": str(live.client.id),
        "aud": str(live.client.id),
        "sub": subject(session, live.client, live.grant.account_id),
        "scope": " ".join(live.scopes),
        "token_type": "Bearer",
        "iat": int(live.token.issued_at.timestamp()),
        "exp": int(live.token.expires_at.timestamp()),
        "auth_time": int(live.grant.auth_at.timestamp()),
        "acr": live.grant.acr,
    }
