"""Hearing a provider's callback: verified on the bytes that came, stored, applied, answered."""

from collections.abc import Mapping

import structlog
from prometheus_client import Counter

from app.core.db import Session
from app.core.errors import NotAuthenticated
from app.payments.providers.base import Provider, Reason, Unverified
from app.payments.settling import Judgement, apply_payment

log = structlog.get_logger()

HEARD = Counter("huiban_callbacks_total", "Verified callbacks, by outcome", ["provider", "outcome"])
REFUSED = Counter(
    "huiban_callbacks_refused_total", "Callbacks not believed, by reason", ["provider", "reason"]
)


class CallbackRefused(NotAuthenticated):
    """The message does not prove to come from the provider; nothing of it is stored."""

    code = "callback_refused"
    zh = "验签失败。"
    en = "The message could not be verified."


def hear(
    session: Session,
    provider: Provider,
    merchant_ref: str | None,
    headers: Mapping[str, str],
    body: bytes,
) -> Judgement:
    """Verify a callback and give it its effect. Answer the provider only after the commit.

    Raises `CallbackRefused`. Until it is verified the database is not asked anything.
    """
    try:
        message = provider.read(merchant_ref, headers, body)
    except Unverified as unverified:
        refuse(provider.name, unverified.reason)
        raise CallbackRefused from None
    judged = apply_payment(session, message)
    HEARD.labels(provider.name, "replayed" if judged.again else judged.outcome).inc()
    if judged.outcome in ("mismatch", "late") and not judged.again:
        log.error("callback_needs_a_person", party=provider.name, outcome=judged.because)
    return judged


def refuse(provider: str, reason: Reason) -> None:
    """Count a message that is not believed. WeChat's own probes are no attack and no warning."""
    REFUSED.labels(provider, reason).inc()
    if reason != "probe":
        log.warning("callback_refused", party=provider, code=reason)
