"""Linking departments' users to accounts: by document and name once proved, never by phone."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select, update

from app.audit import services as audit
from app.audit.services import Act, act_of
from app.core import clock, crypto, events
from app.core.db import Session
from app.core.errors import NotFound
from app.core.ids import new_id
from app.core.types import Actor
from app.identity.documents import mask_document
from app.identity.events import WayInChanged
from app.identity.legacy.importing import sealed_field
from app.identity.legacy.models import LegacyImport, LegacySource, LegacyUser
from app.identity.models import Account, Person


@dataclass(frozen=True)
class LinkedAccount:
    """A user of mine in a department's system."""

    id: uuid.UUID
    source: LegacySource
    external_id_masked: str
    registered_at: datetime | None
    linked_at: datetime
    unlinked_at: datetime | None


def link_person(session: Session, account_id: uuid.UUID) -> int:
    """Link what departments know of the account's person. Safe to repeat. Answers how many."""
    return _link(session, _matches().where(Account.id == account_id))


def link_imported(session: Session, import_id: uuid.UUID) -> int:
    """Link the stored rows of a run to the people we know. Answers how many.

    In a transaction after the one that stored them: whoever proves the real name meanwhile finds
    them, or is found.
    """
    run = session.get_one(LegacyImport, import_id, with_for_update=True, populate_existing=True)
    fresh = _matches().where(
        LegacyUser.import_id == run.id, LegacyUser.row > run.linked, LegacyUser.row <= run.done
    )
    run.linked = run.done
    return _link(session, fresh)


def my_links(session: Session, actor: Actor) -> list[LinkedAccount]:
    """What is linked to my account or was unlinked by me, latest first."""
    mine = (
        select(LegacyUser, LegacySource)
        .join(LegacySource, LegacySource.code == LegacyUser.source)
        .where(LegacyUser.linked_account_id == actor.account)
        .order_by(LegacyUser.linked_at.desc(), LegacyUser.id)
        .limit(200)
    )
    return [_shown(session, user, source) for user, source in session.execute(mine)]


def unlink(session: Session, actor: Actor, user_id: uuid.UUID) -> None:
    """End a link of mine; it stays ended whatever is imported. Raises `NotFound`."""
    row = _own(session, actor, user_id)
    if row.unlinked_at is None:
        row.unlinked_at = clock.now()
        _note(session, actor, "identity.unlink_legacy", row)


def link_again(session: Session, actor: Actor, user_id: uuid.UUID) -> None:
    """Take an unlinking of mine back. Raises `NotFound`."""
    row = _own(session, actor, user_id)
    if row.unlinked_at is not None:
        row.unlinked_at, row.linked_at = None, clock.now()
        _note(session, actor, "identity.link_legacy", row)


def plain(session: Session, row: LegacyUser, column: str) -> str | None:
    """What a sealed column says."""
    sealed = getattr(row, column)
    if sealed is None:
        return None
    return crypto.unseal(session.core.keys, sealed_field(column, row.id), sealed)


def _matches() -> Select[LegacyUser, Person, uuid.UUID]:
    """Unlinked users whose document a person with an account has proved."""
    return (
        select(LegacyUser, Person, Account.id)
        .join(Person, Person.document_index == LegacyUser.document_index)
        .join(Account, Account.person_id == Person.id)
        .where(LegacyUser.linked_account_id.is_(None))
        .order_by(LegacyUser.id)
        .with_for_update(of=LegacyUser)
    )


def _link(session: Session, matches: Select[LegacyUser, Person, uuid.UUID]) -> int:
    found = session.execute(matches.execution_options(populate_existing=True)).all()
    # A number alone can be mistyped, and two countries' passports can have the same.
    agreed = [row for row in found if _same_name(session, row[0], row[1])]
    if agreed:
        at = clock.now()
        links = [
            {"id": user.id, "linked_account_id": account, "linked_at": at}
            for user, _, account in agreed
        ]
        session.execute(update(LegacyUser), links)
    for user, person, _ in agreed:
        act = Act("identity.link_legacy", "system", subject_id=person.id, object_id=user.id)
        audit.record(session, act)
    _tell(session, [account for _, _, account in agreed])
    return len(agreed)


def _tell(session: Session, accounts: Sequence[uuid.UUID]) -> None:
    for account_id in dict.fromkeys(accounts):
        told = WayInChanged(id=str(new_id()), account_id=str(account_id), what="legacy_linked")
        events.record(session, told)


def _same_name(session: Session, user: LegacyUser, person: Person) -> bool:
    field = crypto.Field("persons", "name_sealed", person.id)
    proved = crypto.unseal(session.core.keys, field, person.name_sealed)
    return plain(session, user, "name_sealed") == proved


def _own(session: Session, actor: Actor, user_id: uuid.UUID) -> LegacyUser:
    row = session.get(LegacyUser, user_id, with_for_update=True, populate_existing=True)
    if row is None or row.linked_account_id != actor.account:
        raise NotFound
    return row


def _shown(session: Session, user: LegacyUser, source: LegacySource) -> LinkedAccount:
    if user.linked_at is None:
        raise LookupError("nobody's link has no day")
    external_id = plain(session, user, "external_sealed") or ""
    return LinkedAccount(
        id=user.id,
        source=source,
        external_id_masked=mask_external_id(external_id),
        registered_at=user.registered_at,
        linked_at=user.linked_at,
        unlinked_at=user.unlinked_at,
    )


def mask_external_id(external_id: str) -> str:
    """GJJ0012345 → G*******45; of short ones nothing but the length."""
    return mask_document(external_id) if len(external_id) >= 6 else "*" * len(external_id)


def _note(session: Session, actor: Actor, action: str, row: LegacyUser) -> None:
    audit.record(session, act_of(actor, action, subject_id=actor.person_id, object_id=row.id))
