"""Pseudonyms: what a client calls a person and a browser's sign-in."""

import base64
import hashlib
import hmac
import uuid

from app.core.db import Session
from app.identity.openid.models import OpenidClient


def subject(session: Session, client: OpenidClient, account_id: uuid.UUID) -> str:
    """The account as clients of this sector know it; two sectors cannot put their data together."""
    return _pseudonym(session, f"sub|{client.sector}|{account_id}")


def sid(session: Session, client: OpenidClient, login_id: uuid.UUID) -> str:
    """The browser's sign-in as this client knows it."""
    return _pseudonym(session, f"sid|{client.id}|{login_id}")


def _pseudonym(session: Session, text: str) -> str:
    secret = session.core.keys.current("openid_subjects").secret
    digest = hmac.digest(secret, text.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
