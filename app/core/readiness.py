"""Whether this process can serve, and which parts are missing that only make it slower."""

import httpx
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core.db import Session
from app.core.runtime import Core

_WORKERS = text(
    "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '15 seconds'"
)


def missing(session: Session, known: tuple[str, ...], stubs_url: str | None) -> list[str]:
    """What must be there and is not. Raises when the database cannot be reached.

    `known` are our revisions, oldest first. A revision we do not know is newer than this code, which
    must be compatible with it (expand, then contract). `stubs_url` is set in a demonstration only,
    which is ready when its stand-ins, a worker and the demonstration's people are there too.
    """
    revision = session.core.database.migrated_to()
    if revision is None or revision in known[:-1]:
        return ["migrations"]
    if stubs_url is None:
        return []
    absent = []
    if not session.scalar(_WORKERS):
        absent.append("worker")
    if not session.scalar(text("SELECT EXISTS (SELECT FROM venues)")):
        absent.append("demo data")
    if not _answers(f"{stubs_url}/healthz"):
        absent.append("stubs")
    return absent


def degraded(core: Core) -> list[str]:
    """Parts that are missing while the service goes on, slower."""
    parts = []
    if not core.cache.available():
        parts.append("redis")
    if core.freshness.stale:
        parts.append("freshness")
    return parts


def degraded_beside_web(core: Core) -> list[str]:
    """Parts beside the web processes that are missing: the database, every worker."""
    try:
        with core.session() as session:
            return [] if session.scalar(_WORKERS) else ["worker"]
    except (DBAPIError, PoolTimeout):
        return ["database"]


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=0.5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
