"""Signed heads of the chain, and their publication where the database's owner cannot reach.

Whoever owns the database can write a chain anew; the heads that were published before then fit no
longer, and without the key, which the database holds only wrapped, no new ones can be signed.
"""

import base64
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from app.audit.models import Head
from app.audit.sealing import tip
from app.core import clock
from app.core.db import Session
from app.core.keys import Key, KeyRing

log = structlog.get_logger()

#: Bytes at the end of the file in which its last whole line is looked for.
_TAIL = 4_096


class HeadsUnreadable(Exception):
    """The file of published heads holds something else; the message names the line."""


@dataclass(frozen=True)
class Published:
    """A head as it stands outside the database."""

    seq: int
    chain: bytes
    at: datetime
    kid: str
    signature: bytes

    @property
    def signed_text(self) -> bytes:
        """What the signature is over."""
        moment = self.at.astimezone(UTC).isoformat()
        return f"huiban-audit-head-1|{self.seq}|{self.chain.hex()}|{moment}|{self.kid}".encode()

    def as_json(self) -> dict[str, Any]:
        """The head as operators see it."""
        return {
            "seq": self.seq,
            "chain": self.chain.hex(),
            "at": self.at.astimezone(UTC).isoformat(),
            "kid": self.kid,
            "signature": base64.b64encode(self.signature).decode(),
        }


def sign_head(session: Session) -> bool:
    """Sign where the chain ends now, unless nothing came since. Answers whether it did."""
    end = tip(session)
    if end.seq == 0 or session.get(Head, end.seq) is not None:
        return False
    key = session.core.keys.current("audit_heads")
    unsigned = Published(end.seq, end.chain, clock.now(), key.kid, b"")
    signature = _private(key).sign(unsigned.signed_text)
    session.add(Head(**{**vars(unsigned), "signature": signature}))
    return True


def publish(session: Session, path: Path | None) -> int:
    """Tell the log of the heads since the file's last line, and append them there. Safe to repeat.

    Without a file the newest head alone is logged; the log's collector is then the other place.
    """
    if path is None:
        newest = newest_heads(session, 1)
        for head in newest:
            log.info("audit_head", head=json.dumps(head.as_json()))
        return len(newest)
    since = _last_published(path)
    waiting = [
        _published(row)
        for row in session.scalars(select(Head).where(Head.seq > since).order_by(Head.seq))
    ]
    with path.open("ab") as file:
        for head in waiting:
            log.info("audit_head", head=json.dumps(head.as_json()))
            file.write(json.dumps(head.as_json()).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return len(waiting)


def newest_heads(session: Session, most: int) -> list[Published]:
    """The newest heads, newest first."""
    newest = select(Head).order_by(Head.seq.desc()).limit(most)
    return [_published(row) for row in session.scalars(newest)]


def all_heads(session: Session) -> list[Published]:
    """Every head the database holds, oldest first."""
    return [_published(row) for row in session.scalars(select(Head).order_by(Head.seq))]


def read_file(path: Path) -> list[Published]:
    """The heads in a file of published ones. Raises `HeadsUnreadable`."""
    heads = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            heads.append(_parse(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise HeadsUnreadable(f"{path}:{number}") from error
    return heads


def is_genuine(keys: KeyRing, head: Published) -> bool:
    """Whether our key signed it. The public half kept in the database is not believed."""
    key = keys.get("audit_heads", head.kid)
    if key is None:
        return False
    try:
        _private(key).public_key().verify(head.signature, head.signed_text)
    except InvalidSignature:
        return False
    return True


def _last_published(path: Path) -> int:
    """The last head in the file. A line that a kill cut short is ended, and its head comes again."""
    if not path.exists() or path.stat().st_size == 0:
        return 0
    with path.open("r+b") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        tail = file.read()
        whole = tail.rpartition(b"\n")[0]
        if not tail.endswith(b"\n"):
            file.truncate(path.stat().st_size - len(tail.rpartition(b"\n")[2]))
    line = whole.rpartition(b"\n")[2]
    return int(json.loads(line)["seq"]) if line else 0


def _parse(content: dict[str, Any]) -> Published:
    return Published(
        int(content["seq"]),
        bytes.fromhex(content["chain"]),
        datetime.fromisoformat(content["at"]),
        content["kid"],
        base64.b64decode(content["signature"], validate=True),
    )


def _published(row: Head) -> Published:
    return Published(row.seq, row.chain, row.at, row.kid, row.signature)


def _private(key: Key) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key.secret)
