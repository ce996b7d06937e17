"""Importing a department's users (存量用户导入), in batches that can be killed and go on."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, update

from app.audit import services as audit
from app.audit.services import Act
from app.core import clock, crypto
from app.core.db import Session
from app.core.ids import new_id
from app.identity.legacy.errors import ImportRunning, UnknownSource
from app.identity.legacy.models import LegacyConflict, LegacyImport, LegacySource, LegacyUser
from app.identity.legacy.reading import Examined, Record, parse
from app.identity.models import Account
from app.identity.real_name import document_index

#: Rows of one transaction.
BATCH = 1_000


def enter_source(session: Session, code: str, name_zh: str, name_en: str) -> None:
    """Enter a department's system, or give it other names."""
    session.merge(LegacySource(code=code, name_zh=name_zh, name_en=name_en))


def begin(session: Session, source: str, file: Examined) -> LegacyImport:
    """The run over this file that was not finished, else a new one.

    Raises `UnknownSource`, `ImportRunning`.
    """
    if session.get(LegacySource, source) is None:
        raise UnknownSource
    _lock(session, source)
    unfinished = select(LegacyImport).where(
        LegacyImport.source == source,
        LegacyImport.digest == file.digest,
        LegacyImport.finished_at.is_(None),
    )
    found = session.scalar(unfinished)
    if found is not None:
        return found
    counts = dict.fromkeys(("done", "linked", "created", "updated", "unchanged"), 0)
    made = LegacyImport(
        id=new_id(),
        source=source,
        digest=file.digest,
        started_at=clock.now(),
        finished_at=None,
        **counts,
    )
    session.add(made)
    audit.record(session, Act("identity.import_legacy", "system", object_id=made.id))
    return made


def store(
    session: Session, import_id: uuid.UUID, start: int, rows: Sequence[dict[str, str]]
) -> None:
    """Store the rows after the first `start`; those that cannot be taken become conflicts.

    Raises `ImportRunning`.
    """
    _lock(session, session.get_one(LegacyImport, import_id).source)
    run = session.get_one(LegacyImport, import_id, populate_existing=True)
    if run.done != start:
        raise ImportRunning
    today = clock.legal_today()
    parsed = [parse(row, today) for row in rows]
    records = [each for each in parsed if isinstance(each, Record)]
    batch = _Batch(session, run, records)
    for number, each in enumerate(parsed, start + 1):
        reason = each if isinstance(each, str) else batch.take(each, number)
        if reason:
            batch.conflicts.append({"import_id": run.id, "row": number, "reason": reason})
    batch.write()
    run.done = start + len(rows)


def finish(session: Session, import_id: uuid.UUID) -> LegacyImport:
    """Say that the whole file was done."""
    run = session.get_one(LegacyImport, import_id)
    run.finished_at = clock.now()
    return run


def conflicts(session: Session, import_id: uuid.UUID) -> list[LegacyConflict]:
    """What the run did not take, in the order of the file."""
    mine = select(LegacyConflict).where(LegacyConflict.import_id == import_id)
    return list(session.scalars(mine.order_by(LegacyConflict.row)))


def _lock(session: Session, source: str) -> None:
    """One batch of a source is stored at a time."""
    free = select(LegacySource.code).where(LegacySource.code == source)
    if session.scalar(free.with_for_update(key_share=True, skip_locked=True)) is None:
        raise ImportRunning


class _Batch:
    """Rows to be stored, beside what the database has of them."""

    def __init__(self, session: Session, run: LegacyImport, records: list[Record]) -> None:
        self.session, self.run = session, run
        self.conflicts: list[dict[str, Any]] = []
        self._made: list[dict[str, Any]] = []
        self._changed: list[dict[str, Any]] = []
        self._same: list[dict[str, Any]] = []
        self._met: set[bytes] = set()
        externals = [_external_index(session, run.source, each) for each in records]
        documents = [_document(session, each) for each in records]
        theirs = select(LegacyUser).where(LegacyUser.source == run.source)
        known = session.scalars(theirs.where(LegacyUser.external_index.in_(externals)))
        self._known = {row.external_index: row for row in known}
        holders = session.scalars(theirs.where(LegacyUser.document_index.in_(documents)))
        self._holders = {row.document_index: row.external_index for row in holders}

    def take(self, record: Record, number: int) -> str | None:
        """Plan what to write for this row; or the reason why it is not taken."""
        external = _external_index(self.session, self.run.source, record)
        document = _document(self.session, record)
        known = self._known.get(external)
        if external in self._met or (known and known.import_id == self.run.id):
            return "external_id_repeated"
        self._met.add(external)
        if self._holders.setdefault(document, external) != external:
            return "person_repeated"
        content = _content_index(self.session, record)
        row_id = known.id if known else new_id()
        place: dict[str, Any] = {"id": row_id, "import_id": self.run.id, "row": number}
        if known and known.content_index == content:
            self._same.append(place)
            return None
        values = place | {"external_index": external, "content_index": content}
        values |= _sealed(self.session, record, row_id)
        if known is None:
            self._made.append(values | {"source": self.run.source})
        else:
            self._changed.append(values)
            if known.document_index != document and known.linked_account_id:
                self._let_go(known)
        return None

    def write(self) -> None:
        """Write what was planned, and count it."""
        session, run = self.session, self.run
        session.flush()
        for model, rows in ((LegacyUser, self._made), (LegacyConflict, self.conflicts)):
            if rows:
                session.execute(insert(model), rows)
        for rows in (self._changed, self._same):
            if rows:
                session.execute(update(LegacyUser), rows)
        run.created += len(self._made)
        run.updated += len(self._changed)
        run.unchanged += len(self._same)

    def _let_go(self, known: LegacyUser) -> None:
        """The department says now that it is somebody else."""
        account = self.session.get_one(Account, known.linked_account_id)
        known.linked_account_id = known.linked_at = known.unlinked_at = None
        act = Act(
            "identity.unlink_legacy",
            "system",
            subject_id=account.person_id,
            object_id=known.id,
            reason="document_changed",
        )
        audit.record(self.session, act)


def _sealed(session: Session, record: Record, row_id: uuid.UUID) -> dict[str, Any]:
    plain = {
        "external_sealed": record.external_id,
        "name_sealed": record.name,
        "document_sealed": record.document.number,
        "phone_sealed": record.phone,
    }
    return {
        "document_type": record.document.type,
        "document_index": _document(session, record),
        "registered_at": record.registered_at,
        **{
            column: text and crypto.seal(session.core.keys, sealed_field(column, row_id), text)
            for column, text in plain.items()
        },
    }


def sealed_field(column: str, row_id: uuid.UUID) -> crypto.Field:
    """Where a sealed value of a legacy user lives."""
    return crypto.Field("legacy_users", column, row_id)


def _document(session: Session, record: Record) -> bytes:
    return document_index(session, record.document.type, record.document.number)


def _external_index(session: Session, source: str, record: Record) -> bytes:
    return _index(session, "legacy_user", source, record.external_id)


def _content_index(session: Session, record: Record) -> bytes:
    document, at = record.document, record.registered_at
    told = (record.name, document.type, document.number, record.phone or "", str(at or ""))
    return _index(session, "legacy_content", *told)


def _index(session: Session, *texts: str) -> bytes:
    # No cell holds a control character, so the parts stay apart; no kind of document is called so.
    return crypto.blind_index(session.core.keys, "blind_document", "\n".join(texts))
