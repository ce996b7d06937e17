"""Passkeys (WebAuthn) as second factor: registered when signed in, answered after the password."""

import hashlib
import json
import secrets
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import PublicKeyCredentialDescriptor
from webauthn.registration.verify_registration_response import VerifiedRegistration

from app.audit.services import act_of, record
from app.core import clock
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.types import Actor
from app.identity.staff.errors import PasskeyRefused
from app.identity.staff.models import Officer, OfficerChallenge, OfficerPasskey

NAME = "汇办 Huiban"
CHALLENGE_BYTES = 32
LIFE = timedelta(minutes=5)
#: Passkeys of one officer.
MOST = 10
#: What a malformed credential makes the library, its CBOR and its keys raise.
MALFORMED = (WebAuthnException, ValueError, KeyError, TypeError, IndexError, RecursionError)


def begin(session: Session, actor: Actor) -> tuple[str, dict[str, Any]]:
    """A request to register a passkey: its text, and the options for `navigator.credentials.create`."""
    officer, at = session.get_one(Officer, actor.officer), clock.now()
    text, challenge = secrets.token_urlsafe(32), secrets.token_bytes(CHALLENGE_BYTES)
    session.add(
        OfficerChallenge(
            id=new_id(),
            purpose="passkey",
            officer_id=officer.id,
            text_hash=hashlib.sha256(text.encode()).digest(),
            device_hash=None,
            totp_sealed=None,
            passkey_challenge=challenge,
            tries=0,
            created_at=at,
            expires_at=at + LIFE,
            used_at=None,
        )
    )
    options = generate_registration_options(
        rp_id=_rp_id(session),
        rp_name=NAME,
        user_name=officer.login,
        user_id=officer.id.bytes,
        challenge=challenge,
        exclude_credentials=_descriptors(of_officer(session, officer.id)),
    )
    return text, json.loads(options_to_json(options))


def register(
    session: Session, actor: Actor, text: str, credential: dict[str, Any]
) -> OfficerPasskey:
    """Keep the passkey that answers the request. Raises `PasskeyRefused`; a request is good once."""
    mine = select(OfficerChallenge).where(
        OfficerChallenge.text_hash == hashlib.sha256(text.encode()).digest(),
        OfficerChallenge.purpose == "passkey",
        OfficerChallenge.officer_id == actor.officer,
        OfficerChallenge.used_at.is_(None),
        OfficerChallenge.expires_at > clock.now(),
    )
    row = session.scalar(mine.with_for_update())
    # One at a time, or several at once would be more than `MOST`.
    session.get_one(Officer, actor.officer, with_for_update={"key_share": True})
    if row is None or len(of_officer(session, actor.officer)) >= MOST:
        raise PasskeyRefused
    verified = _verified(session, row, credential)
    row.used_at = clock.now()
    passkey = OfficerPasskey(
        id=new_id(),
        officer_id=actor.officer,
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        created_at=clock.now(),
        last_used_at=None,
    )
    try:
        with session.begin_nested():
            session.add(passkey)
    except IntegrityError:
        # This credential is registered already, perhaps at this very moment.
        raise PasskeyRefused from None
    record(session, act_of(actor, "staff.passkey_added", object_id=passkey.id))
    return passkey


def of_officer(session: Session, officer_id: uuid.UUID) -> list[OfficerPasskey]:
    """An officer's passkeys, oldest first."""
    mine = select(OfficerPasskey).where(OfficerPasskey.officer_id == officer_id)
    return list(session.scalars(mine.order_by(OfficerPasskey.id)))


def remove(session: Session, actor: Actor, passkey_id: uuid.UUID) -> None:
    """Take one of my passkeys away. Raises `NotFound` for an unknown or somebody else's."""
    mine = delete(OfficerPasskey).where(
        OfficerPasskey.id == passkey_id, OfficerPasskey.officer_id == actor.officer
    )
    if not session.connection().execute(mine).rowcount:
        raise NotFound
    record(session, act_of(actor, "staff.passkey_removed", object_id=passkey_id))


def remove_all(session: Session, officer_id: uuid.UUID) -> None:
    """Take all passkeys of an officer away."""
    session.execute(delete(OfficerPasskey).where(OfficerPasskey.officer_id == officer_id))


def ask(
    session: Session, officer_id: uuid.UUID
) -> tuple[bytes, dict[str, Any]] | tuple[None, None]:
    """A challenge and the options for `navigator.credentials.get`; nothing without passkeys."""
    known = of_officer(session, officer_id)
    if not known:
        return None, None
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    options = generate_authentication_options(
        rp_id=_rp_id(session), challenge=challenge, allow_credentials=_descriptors(known)
    )
    return challenge, json.loads(options_to_json(options))


def proves(session: Session, row: OfficerChallenge, credential: dict[str, Any]) -> bool:
    """Whether the assertion answers this challenge with one of the officer's passkeys.

    A counter that does not grow is refused: there may be a copy.
    """
    by_id = {
        bytes_to_base64url(each.credential_id): each for each in of_officer(session, row.officer_id)
    }
    passkey = by_id.get(str(credential.get("id")))
    if passkey is None or row.passkey_challenge is None:
        return False
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=row.passkey_challenge,
            expected_rp_id=_rp_id(session),
            expected_origin=session.core.settings.public_url,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
        )
    except MALFORMED:
        return False
    passkey.sign_count, passkey.last_used_at = verified.new_sign_count, clock.now()
    return True


def _descriptors(known: list[OfficerPasskey]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=each.credential_id) for each in known]


def _verified(
    session: Session, row: OfficerChallenge, credential: dict[str, Any]
) -> VerifiedRegistration:
    try:
        return verify_registration_response(
            credential=credential,
            expected_challenge=row.passkey_challenge or b"",
            expected_rp_id=_rp_id(session),
            expected_origin=session.core.settings.public_url,
        )
    except MALFORMED:
        raise PasskeyRefused from None


def _rp_id(session: Session) -> str:
    return urlsplit(session.core.settings.public_url).hostname or ""
