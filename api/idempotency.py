"""`Idempotency-Key`: the same key and body replays the first answer.

The key is locked for the transaction, and the answer is stored with the effect it tells of; a refusal
or a raised error stores nothing. A view that calls an outside party commits half-way, so it takes no
key: such calls are made safe to repeat by themselves.
"""

import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, current_app, request
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from api.registry import Route
from app.core import clock, crypto
from app.core.db import Base, Session, unit_of_work
from app.core.errors import Conflict, InvalidInput
from app.core.ids import new_id
from app.core.jobs import task
from app.core.types import Actor

KEEP = timedelta(hours=24)
FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)
MAX_KEY = 128


class IdempotencyKeyReused(InvalidInput):
    """The same key came with another body."""

    code = "idempotency_key_reused"
    zh = "同一 Idempotency-Key 不能用于不同的内容。"
    en = "This Idempotency-Key was used with another body."


class IdempotencyInProgress(Conflict):
    """The first request with this key has not finished."""

    code = "idempotency_in_progress"
    zh = "相同的请求正在处理中，请稍候。"
    en = "The first request with this Idempotency-Key is still running."


class KeptAnswer(Base):
    """The first answer to one key."""

    __tablename__ = "idempotency_keys"

    #: SHA-256 over actor, route and key.
    scope: Mapped[bytes] = mapped_column(primary_key=True)
    #: Random; the row's place in the associated data of the sealed body.
    id: Mapped[uuid.UUID]
    body_hash: Mapped[bytes]
    status: Mapped[int]
    #: Sealed, since an answer may hold personal data.
    body: Mapped[bytes]
    #: Until when it is replayed.
    until: Mapped[datetime] = mapped_column(index=True)


def once(session: Session, route: Route, actor: Actor, act: Callable[[], Response]) -> Response:
    """Run `act`, or replay what it answered before under the same key."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        if route.idempotent == "money":
            raise InvalidInput(fields={"Idempotency-Key": ["必须提供。 This header is required."]})
        return act()
    if not 1 <= len(key) <= MAX_KEY or not key.isprintable():
        raise InvalidInput(fields={"Idempotency-Key": [f"1 to {MAX_KEY} printable characters"]})
    scope = _digest(f"{actor.kind}|{actor.caller}|{route.rule}|{request.method}|{key}".encode())
    body_hash = _digest(request.full_path.encode() + b"\n" + request.get_data())
    _lock(session, scope)
    kept = session.get(KeptAnswer, scope)
    if kept is not None and kept.until > clock.now():
        return _replay(session, kept, body_hash)
    response = act()
    if 200 <= response.status_code < 300:
        _keep(session, route, KeptAnswer(scope=scope, id=new_id(), body_hash=body_hash), response)
    return response


def _lock(session: Session, scope: bytes) -> None:
    number = int.from_bytes(scope[:8], signed=True)
    if not session.scalar(select(func.pg_try_advisory_xact_lock(number))):
        raise IdempotencyInProgress(retry_after=1)


def _replay(session: Session, kept: KeptAnswer, body_hash: bytes) -> Response:
    if kept.body_hash != body_hash:
        raise IdempotencyKeyReused
    body = crypto.unseal(session.core.keys, _field(kept.id), kept.body)
    response = current_app.response_class(body, status=kept.status, mimetype="application/json")
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _keep(session: Session, route: Route, line: KeptAnswer, response: Response) -> None:
    """Store the answer with the effect it tells of; in place of one whose time is over."""
    text = response.get_data(as_text=True)
    line.status = response.status_code
    line.body = crypto.seal(session.core.keys, _field(line.id), text)
    line.until = FOR_EVER if route.idempotent == "money" else clock.now() + KEEP
    session.execute(delete(KeptAnswer).where(KeptAnswer.scope == line.scope))
    session.add(line)
    session.flush()


def _field(row: uuid.UUID) -> crypto.Field:
    return crypto.Field("idempotency_keys", "body", row)


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def forget_old(session: Session) -> int:
    """Delete answers whose time is over. Returns how many."""
    old = delete(KeptAnswer).where(KeptAnswer.until < clock.now())
    return session.connection().execute(old).rowcount


@task("api.forget_answers", cron="27 * * * *")
def forget_answers(world: Any) -> None:
    """Delete kept answers hourly once nobody may ask for them again."""
    with unit_of_work(world.core) as session:
        forget_old(session)
