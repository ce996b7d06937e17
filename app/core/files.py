"""Files: sealed, in a folder, named by the digest of what lies in them. The row comes after the file.

A process that dies between the two leaves a file without a row; the sweep removes it.
"""

import hashlib
import os
import time
import uuid
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from app.core import clock, crypto
from app.core.db import Base, Session
from app.core.errors import Unavailable
from app.core.ids import new_id

#: Seconds for which a file may still be waiting for its row.
YOUNG = 3_600


class FilesUnavailable(Unavailable):
    """No folder is configured, or the file is not the one that was stored."""

    code = "files_unavailable"


class StoredFile(Base):
    """One file. Whoever refers to it says whose it is."""

    __tablename__ = "files"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: SHA-256 of the sealed content, hexadecimal: its name in the folder.
    address: Mapped[str] = mapped_column(unique=True)
    #: Bytes before sealing.
    size: Mapped[int]
    stored_at: Mapped[datetime]


def store(session: Session, content: bytes) -> StoredFile:
    """Seal and keep `content`. Raises `FilesUnavailable`."""
    row_id = new_id()
    sealed = crypto.seal_bytes(session.core.keys, _place(row_id), content)
    address = hashlib.sha256(sealed).hexdigest()
    _write(_path(session, address), sealed)
    row = StoredFile(id=row_id, address=address, size=len(content), stored_at=clock.now())
    session.add(row)
    session.flush()
    return row


def read(session: Session, file_id: uuid.UUID) -> bytes:
    """The content. Raises `FilesUnavailable` when it is gone or was changed."""
    row = session.get_one(StoredFile, file_id)
    try:
        sealed = _path(session, row.address).read_bytes()
    except OSError as error:
        raise FilesUnavailable(retry_after=5) from error
    if hashlib.sha256(sealed).hexdigest() != row.address:
        raise FilesUnavailable(retry_after=60)
    return crypto.unseal_bytes(session.core.keys, _place(row.id), sealed)


def remove(session: Session, file_id: uuid.UUID) -> None:
    """Forget a file; `sweep` takes it out of the folder once that is committed."""
    session.delete(session.get_one(StoredFile, file_id))
    session.flush()


def sweep(session: Session) -> int:
    """Remove files that have no row, unless they are young. Answers how many."""
    root = session.core.settings.files_root
    if root is None or not root.exists():
        return 0
    old = time.time() - YOUNG
    swept = 0
    for path in root.glob("??/*"):
        known = select(StoredFile.id).where(StoredFile.address == path.name)
        if path.stat().st_mtime < old and session.scalar(known) is None:
            path.unlink()
            swept += 1
    return swept


def _write(path: Path, sealed: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_suffix(f".{uuid.uuid4().hex}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)


def _path(session: Session, address: str) -> Path:
    root = session.core.settings.files_root
    if root is None:
        raise FilesUnavailable(retry_after=60)
    return root / address[:2] / address


def _place(row_id: uuid.UUID) -> crypto.Field:
    return crypto.Field("files", "content", row_id)
