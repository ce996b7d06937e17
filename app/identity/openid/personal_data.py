"""What the OpenID provider knows of somebody: which sites may know what, and when they signed in."""

import uuid
from typing import Any

from sqlalchemy import Executable, select

from app.core.db import Session
from app.identity.openid import consents
from app.identity.openid.models import OpenidClient, OpenidConsent, OpenidGrant, OpenidLogin
from app.privacy.parts import Kept, Part, Section


def export(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> list[Section]:
    """Consents, what came of them, and the browsers; codes and tokens are stored nowhere."""
    agreed = (
        select(
            OpenidClient.name.label("site"),
            OpenidConsent.scopes,
            OpenidConsent.notice_version,
            OpenidConsent.given_at,
            OpenidConsent.withdrawn_at,
        )
        .join(OpenidClient, OpenidClient.id == OpenidConsent.client_id)
        .where(OpenidConsent.account_id == account_id)
        .order_by(OpenidConsent.given_at)
    )
    told = (
        select(
            OpenidClient.name.label("site"),
            OpenidGrant.scopes,
            OpenidGrant.acr,
            OpenidGrant.created_at,
            OpenidGrant.rotated_at,
            OpenidGrant.ended_at,
            OpenidGrant.ended_because,
        )
        .join(OpenidClient, OpenidClient.id == OpenidGrant.client_id)
        .where(OpenidGrant.account_id == account_id)
        .order_by(OpenidGrant.created_at)
    )
    browsers = (
        select(OpenidLogin.auth_at, OpenidLogin.last_used_at, OpenidLogin.ended_at)
        .where(OpenidLogin.account_id == account_id)
        .order_by(OpenidLogin.auth_at)
    )
    return [
        Section("connected_apps", "已授权的网站", "Connected sites", _rows(session, agreed)),
        Section("site_sign_ins", "登录过的网站", "Signed in to sites", _rows(session, told)),
        Section("site_logins", "网站登录", "Sign-ins for sites", _rows(session, browsers)),
    ]


def erase(session: Session, account_id: uuid.UUID, person_id: uuid.UUID | None) -> tuple[Kept, ...]:
    """Sign every browser out and take every consent back; sites are told, what is over runs out."""
    consents.leave_all(session, account_id)
    return ()


def _rows(session: Session, found: Executable) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(found).mappings()]


part = Part(
    name="openid",
    tables=frozenset(each.__tablename__ for each in (OpenidConsent, OpenidGrant, OpenidLogin)),
    export=export,
    erase=erase,
)
