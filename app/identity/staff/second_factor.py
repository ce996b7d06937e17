"""One-time passwords by time (TOTP, RFC 6238): 30 seconds, six digits, each good once."""

import uuid

import pyotp

from app.core import clock, crypto
from app.core.db import Session
from app.identity.staff.models import Officer, OfficerChallenge

STEP_SECONDS = 30
#: Steps before and after ours that are taken too: clocks differ, people are slow.
TOLERANCE = 1
ISSUER = "汇办"


def new_secret() -> str:
    """A fresh Base32 secret of 160 bits."""
    return pyotp.random_base32()


def address(login: str, secret: str) -> str:
    """The `otpauth://` address that authenticator apps read from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def matching_step(secret: str, otp: str, after: int | None) -> int | None:
    """The time step `otp` belongs to, if it is near and later than `after`."""
    generator = pyotp.TOTP(secret)
    now = int(clock.now().timestamp()) // STEP_SECONDS
    for step in range(now - TOLERANCE, now + TOLERANCE + 1):
        right = pyotp.utils.strings_equal(otp, generator.generate_otp(step))
        if right and (after is None or step > after):
            return step
    return None


def secret_of(session: Session, officer: Officer, challenge: OfficerChallenge) -> str | None:
    """The enrolled secret, or else the one this challenge offers to enrol."""
    keys = session.core.keys
    if officer.totp_sealed is not None:
        return crypto.unseal(keys, officer_field(officer.id), officer.totp_sealed)
    if challenge.totp_sealed is not None:
        return crypto.unseal(keys, challenge_field(challenge.id), challenge.totp_sealed)
    return None


def enrol(session: Session, officer: Officer, secret: str, step: int) -> None:
    """Keep the secret whose first one-time password was just right."""
    if officer.totp_sealed is None:
        keys = session.core.keys
        officer.totp_sealed = crypto.seal(keys, officer_field(officer.id), secret)
    officer.totp_step = step


def officer_field(officer_id: uuid.UUID) -> crypto.Field:
    """Where an enrolled secret lives."""
    return crypto.Field("officers", "totp_sealed", officer_id)


def challenge_field(challenge_id: uuid.UUID) -> crypto.Field:
    """Where a secret lives that is still to be enrolled."""
    return crypto.Field("officer_challenges", "totp_sealed", challenge_id)
