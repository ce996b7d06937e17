"""Reading persons and accounts. What leaves towards people is masked here."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from app.core import crypto
from app.core.db import Session
from app.core.types import Actor
from app.identity.accounts import own_account, phone_of
from app.identity.documents import mask_document, mask_name, mask_phone
from app.identity.models import Account, Person, SessionFamily, WechatLink

#: Made once, for the door.
_NAME = select(Person.name_sealed).where(Person.id == bindparam("person_id"))


@dataclass(frozen=True)
class IdentityDocument:
    """Name and document in clear: only for calls to outside parties, never for an answer."""

    name: str
    document_type: str
    document_number: str

    @property
    def asked(self) -> tuple[str, str, str]:
        """As outside parties are asked about somebody: name, kind of document, number."""
        return self.name, self.document_type, self.document_number


def identity_document(session: Session, person_id: uuid.UUID) -> IdentityDocument:
    """The person's name and document. Raises `NoResultFound` for an unknown person."""
    person = session.get_one(Person, person_id)
    keys = session.core.keys
    return IdentityDocument(
        name=_name(session, person_id, person.name_sealed),
        document_type=person.document_type,
        document_number=crypto.unseal(
            keys, crypto.Field("persons", "document_sealed", person_id), person.document_sealed
        ),
    )


def account_of(session: Session, person_id: uuid.UUID) -> uuid.UUID | None:
    """The account of a person who has one."""
    return session.scalar(select(Account.id).where(Account.person_id == person_id))


def person_behind(session: Session, account_id: uuid.UUID) -> uuid.UUID | None:
    """The person behind an account, once the real name is proved."""
    return session.scalar(select(Account.person_id).where(Account.id == account_id))


def masked_name(session: Session, person_id: uuid.UUID) -> str:
    """张三 → 张*. Raises `NoResultFound` for an unknown person."""
    sealed = session.execute(_NAME, {"person_id": person_id}).scalar_one()
    return mask_name(_name(session, person_id, sealed))


def openid_of(session: Session, account_id: uuid.UUID) -> str | None:
    """WeChat's pseudonym of the user who last linked this account in our mini-program."""
    links = select(WechatLink.openid).where(WechatLink.account_id == account_id)
    return session.scalar(links.order_by(WechatLink.linked_at.desc()).limit(1))


def masked_names(session: Session, person_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The masked names of these people, in one statement."""
    if not person_ids:
        return {}
    sealed = select(Person.id, Person.name_sealed).where(Person.id.in_(person_ids))
    return {
        person_id: mask_name(_name(session, person_id, name))
        for person_id, name in session.execute(sealed)
    }


def masked_names_of_accounts(session: Session, account_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Account → masked name, where the real name is proved."""
    if not account_ids:
        return {}
    sealed = (
        select(Account.id, Person.id, Person.name_sealed)
        .join(Person, Person.id == Account.person_id)
        .where(Account.id.in_(account_ids))
    )
    return {
        account_id: mask_name(_name(session, person_id, name))
        for account_id, person_id, name in session.execute(sealed)
    }


def masked_phones(session: Session, account_ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Account → masked phone, of those that have one, in one statement."""
    if not account_ids:
        return {}
    with_phone = select(Account).where(
        Account.id.in_(account_ids), Account.phone_sealed.is_not(None)
    )
    return {each.id: mask_phone(phone_of(session, each)) for each in session.scalars(with_phone)}


def platform_of(session: Session, actor: Actor) -> str:
    """What kind of client the actor is signed in with."""
    mine = select(SessionFamily.platform).where(SessionFamily.id == actor.session_id)
    return session.scalar(mine) or "unknown"


def profile(session: Session, actor: Actor) -> dict[str, Any]:
    """What I am shown about myself."""
    account = own_account(session, actor)
    # Who must prove anew that the account is theirs is not told whose it is.
    person_id = None if actor.unproved else account.person_id
    level = "face" if actor.level == "face" else "phone" if actor.unproved else account.level
    shown: dict[str, Any] = {
        "id": account.id,
        "person_id": person_id,
        "level": level,
        "must_prove": actor.unproved,
        "level_until": actor.level_until,
        "phone": mask_phone(phone_of(session, account)),
        "name": None,
        "document_type": None,
        "document_number": None,
    }
    if person_id is not None:
        document = identity_document(session, person_id)
        shown["name"] = mask_name(document.name)
        shown["document_type"] = document.document_type
        shown["document_number"] = mask_document(document.document_number)
    return shown


def _name(session: Session, person_id: uuid.UUID, sealed: bytes) -> str:
    return crypto.unseal(
        session.core.keys, crypto.Field("persons", "name_sealed", person_id), sealed
    )
