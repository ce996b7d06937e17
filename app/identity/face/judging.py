"""What a face check proved, whatever it was opened for: a higher level, or coming back to an account."""

import hashlib
import hmac
from datetime import datetime
from typing import Protocol

from app.connectors.faceid import FaceResult, FaceVerifier
from app.core import clock
from app.core.errors import DomainError
from app.core.http import PartyUnavailable
from app.identity.face.errors import FaceNotFinished, FaceRefused
from app.identity.queries import IdentityDocument

Answer = FaceResult | PartyUnavailable | None


class OpenCheck(Protocol):
    """The row of a check under way, locked by its user."""

    token_digest: bytes
    expires_at: datetime
    used_at: datetime | None


def use_up(check: OpenCheck, token: str) -> bool:
    """Whether the check is open and `token` its own. The attempt uses it up."""
    good = check.used_at is None and check.expires_at > clock.now()
    good = good and hmac.compare_digest(check.token_digest, digest(token))
    check.used_at = check.used_at or clock.now()
    return good


def ask(verifier: FaceVerifier, document: IdentityDocument | None, token: str) -> Answer:
    """The provider's answer; nothing is asked without a document to compare it with."""
    if document is None:
        return None
    try:
        return verifier.result(token)
    except PartyUnavailable as silent:
        return silent


def refusal(
    document: IdentityDocument | None, answer: Answer, reference: str
) -> DomainError | None:
    """Why the check proves nothing, or None. All but `FaceRefused` leave it open."""
    if isinstance(answer, PartyUnavailable):
        return answer
    if document is None or answer is None:
        return FaceRefused()
    if answer.passed is None:
        return FaceNotFinished()
    told = (answer.name, answer.document_number, answer.reference)
    ours = (document.name, document.document_number, reference)
    return None if answer.passed and told == ours else FaceRefused()


def digest(token: str) -> bytes:
    """SHA-256 of the provider's token, which is all we keep of it."""
    return hashlib.sha256(token.encode()).digest()
