"""Key rings. Every key lies in the table `keys`, wrapped with the master key from a file.

One ring a purpose, each key `next`, `current`, `previous` or `killed`. A killed key is refused within
the time freshness needs (2 s), everywhere.
"""

import base64
import json
import os
import secrets
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import CheckConstraint, Index, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock
from app.core.db import Base, Session
from app.core.errors import Unavailable

Purpose = Literal[
    "fields", "blind_phone", "blind_document", "access_tokens", "refresh_tokens",
    "one_time_codes", "health_codes", "audit_heads", "openid_tokens", "openid_subjects",
]  # fmt: skip
State = Literal["next", "current", "previous", "killed"]
PURPOSES: tuple[Purpose, ...] = (
    "fields", "blind_phone", "blind_document", "access_tokens", "refresh_tokens",
    "one_time_codes", "health_codes", "audit_heads", "openid_tokens", "openid_subjects",
)  # fmt: skip
#: Their keys are Ed25519 seeds, whose public half is kept beside them.
SIGNING: frozenset[Purpose] = frozenset({"health_codes", "audit_heads"})
#: A blind index under a new key would find nothing, and a department would know nobody any more:
#: these rings change only by re-indexing.
UNROTATABLE: frozenset[Purpose] = frozenset({"blind_phone", "blind_document", "openid_subjects"})
KEY_BYTES = 32


class KeyRefused(Unavailable):
    """A key file or a key operation that must not be accepted."""

    code = "key_refused"
    zh = "密钥不可用：{reason}"
    en = "The key cannot be used: {reason}"


class StoredKey(Base):
    """One wrapped key."""

    __tablename__ = "keys"
    __table_args__ = (
        CheckConstraint("state IN ('next', 'current', 'previous', 'killed')", name="state"),
        Index(
            "uq_keys_current", "purpose", unique=True, postgresql_where=text("state = 'current'")
        ),
        Index("uq_keys_next", "purpose", unique=True, postgresql_where=text("state = 'next'")),
    )

    #: What the key is for; a key serves one purpose only.
    purpose: Mapped[str] = mapped_column(primary_key=True)
    #: Eight characters, looked up exactly; never derived from anything a client sends.
    kid: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    #: nonce + AES-256-GCM(master key, key), bound to purpose and kid.
    wrapped: Mapped[bytes]
    #: Public half of a signing key (raw Ed25519), for those who verify; null for secrets.
    public: Mapped[bytes | None]
    created_at: Mapped[datetime]
    state_since: Mapped[datetime]


@dataclass(frozen=True)
class Key:
    """An unwrapped key: 32 secret bytes.

    For `SIGNING` an Ed25519 seed, for `openid_tokens` what the P-256 key is derived from.
    """

    purpose: Purpose
    kid: str
    state: State
    secret: bytes


class KeyRing:
    """All usable keys in memory. Replaced as a whole by `load`, so readers need no lock."""

    def __init__(self, master: bytes) -> None:
        self._master = AESGCM(master)
        self._rings: tuple[dict[tuple[str, str], Key], dict[str, Key]] = ({}, {})

    def load(self, rows: Iterable[StoredKey]) -> None:
        """Take over the table's present content. Raises `KeyRefused` if the master key is another."""
        keys: dict[tuple[str, str], Key] = {}
        for row in rows:
            if row.state != "killed":
                key = Key(row.purpose, row.kid, row.state, self._unwrap(row))  # type: ignore[arg-type]
                keys[row.purpose, row.kid] = key
        current: dict[str, Key] = {
            key.purpose: key for key in keys.values() if key.state == "current"
        }
        self._rings = (keys, current)

    def current(self, purpose: Purpose) -> Key:
        """The key to make new things with. Raises `KeyRefused` when the ring has none."""
        key = self._rings[1].get(purpose)
        if key is None:
            raise KeyRefused(reason=f"no current key for {purpose}; run `flask keys init`")
        return key

    def get(self, purpose: Purpose, kid: str) -> Key | None:
        """The key `kid` of this purpose, unless unknown or killed. Exact match only."""
        return self._rings[0].get((purpose, kid))

    def usable(self, purpose: Purpose) -> list[Key]:
        """All keys of a purpose that are not killed: next, current and previous."""
        return [key for key in self._rings[0].values() if key.purpose == purpose]

    def wrap(self, purpose: str, kid: str, secret: bytes) -> bytes:
        """The stored form of `secret`."""
        nonce = os.urandom(12)
        return nonce + self._master.encrypt(nonce, secret, f"{purpose}|{kid}".encode())

    def _unwrap(self, row: StoredKey) -> bytes:
        try:
            aad = f"{row.purpose}|{row.kid}".encode()
            return self._master.decrypt(row.wrapped[:12], row.wrapped[12:], aad)
        except Exception as error:
            raise KeyRefused(reason="the master key file does not fit this database") from error


def read_all(session: Session) -> list[StoredKey]:
    """Every stored key, killed ones included."""
    return list(session.scalars(select(StoredKey)))


def create_missing(session: Session) -> list[str]:
    """Give each purpose without a current key one. Returns the purposes served. Idempotent."""
    have = {row.purpose for row in read_all(session) if row.state == "current"}
    missing = [purpose for purpose in PURPOSES if purpose not in have]
    for purpose in missing:
        add_key(session, purpose, "current")
    return list(missing)


def add_key(session: Session, purpose: Purpose, state: State) -> StoredKey:
    """Make and store a random key."""
    secret, kid, at = secrets.token_bytes(KEY_BYTES), secrets.token_hex(4), clock.now()
    public = None
    if purpose in SIGNING:
        public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    row = StoredKey(
        purpose=purpose,
        kid=kid,
        state=state,
        wrapped=session.core.keys.wrap(purpose, kid, secret),
        public=public,
        created_at=at,
        state_since=at,
    )
    session.add(row)
    session.flush()
    return row


def write_key_file(path: Path, *, origin: Literal["operator", "demonstration"]) -> None:
    """Make a file with 32 random bytes, readable by its owner only. Never overwrites."""
    content = {"origin": origin, "key": base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)


def read_key_file(path: Path, *, production: bool) -> bytes:
    """The 32 bytes of a key file. Raises `KeyRefused` when it is missing, malformed or unfit."""
    try:
        content = json.loads(path.read_text())
        key = base64.b64decode(content["key"], validate=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyRefused(reason=f"{path} cannot be read as a key file") from error
    if len(key) != KEY_BYTES:
        raise KeyRefused(reason=f"{path} must hold {KEY_BYTES} bytes")
    if production and content.get("origin") != "operator":
        raise KeyRefused(reason=f"{path} was made for a demonstration")
    if production and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyRefused(reason=f"{path} must be readable by its owner only (chmod 600)")
    return key
