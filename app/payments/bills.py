"""Bills: asked of the department, kept as ours, payable once."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.audit import services as audit
from app.audit.services import for_person
from app.connectors.medical_insurance import DepartmentBill, MedicalInsurance
from app.core import clock, crypto
from app.core.db import Session, phases
from app.core.errors import NotFound
from app.core.http import PartyUnavailable
from app.core.ids import new_id
from app.core.types import Actor
from app.family import people, uses
from app.family.queries import mandated_documents, reach
from app.identity import phones
from app.identity.documents import mask_name
from app.identity.queries import identity_document
from app.identity.real_name import document_index
from app.payments.models import Bill, BillGrant, OrderLine

log = structlog.get_logger()

DEPARTMENT = "medical_insurance"
#: Our short names of what people pay for → the official ones.
SCHEMES = {
    "resident_medical": "城乡居民基本医疗保险",
    "resident_pension": "城乡居民基本养老保险",
    "flexible_employment": "灵活就业人员社会保险",
}

BillStatus = Literal["payable", "paid", "expired"]
Basis = Literal["own", "mandate", "lookup"]


@dataclass(frozen=True)
class Insured:
    """Whose bills are asked for."""

    name: str
    document_type: str
    document_number: str
    #: Blind index of the document.
    index: bytes

    @classmethod
    def by(cls, session: Session, name: str, document_type: str, number: str) -> "Insured":
        """Somebody, as their document names them."""
        return cls(name, document_type, number, document_index(session, document_type, number))

    @property
    def asked(self) -> tuple[str, str, str]:
        """As the department is asked."""
        return self.name, self.document_type, self.document_number


@dataclass(frozen=True)
class Chosen:
    """A bill somebody may pay today, and by what right."""

    bill: Bill
    basis: Basis


def list_bills(
    session: Session, department: MedicalInsurance, actor: Actor, beneficiary_id: uuid.UUID | None
) -> list[Bill]:
    """Bills of the actor, or of somebody who gave them a mandate to pay, newest period first.

    While the department is silent these are the bills it told us before. Raises `NotFound` for
    anybody else's; `PartyUnavailable` when the department is silent and never told us any.
    """

    def prepare() -> Insured:
        reached = reach(session, actor, beneficiary_id, "pay")
        if reached.mandate_id is not None:
            uses.record(session, reached.mandate_id, "bills_viewed")
            audit.record(session, for_person(actor, "payments.read_bills", reached.person_id))
        document = identity_document(session, reached.person_id)
        return Insured.by(session, *document.asked)

    def call(insured: Insured) -> list[DepartmentBill] | None:
        try:
            return department.bills(*insured.asked)
        except PartyUnavailable:
            return None

    def apply(insured: Insured, told: list[DepartmentBill] | None) -> list[Bill]:
        # The mandate may have ended while the department was asked.
        reach(session, actor, beneficiary_id, "pay")
        kept = keep(session, insured, told or [])
        if told is None and not kept:
            raise PartyUnavailable(DEPARTMENT)
        return [bill for bill in kept if bill.payable_from <= clock.legal_today()]

    return phases(session, prepare=prepare, call=call, apply=apply)


def keep(session: Session, insured: Insured, told: Sequence[DepartmentBill]) -> list[Bill]:
    """Take over what the department says of this person; all their bills, newest period first.

    Locks the person's bills, so that a bill being paid here at this moment is not called payable;
    always in the order of their ids, as everywhere.
    """
    known_as = people.person_with(session, insured.index)
    for each in told:
        _insert_missing(session, insured, each)
    mine = select(Bill).where(Bill.beneficiary_index == insured.index).order_by(Bill.id)
    fresh = mine.with_for_update().execution_options(populate_existing=True)
    kept = list(session.scalars(fresh))
    paid_here = periods_paid_here(session, insured.index)
    by_period = {(each.scheme, each.period): each for each in told}
    for bill in kept:
        bill.person_id = known_as or bill.person_id
        period = (bill.scheme, bill.period)
        newest = by_period.pop(period, None)
        if newest is not None:
            _update(session, bill, newest, paid_here=period in paid_here)
    if by_period:
        log.error("bill_number_of_another_person", party=DEPARTMENT, count=len(by_period))
    session.flush()
    return sorted(kept, key=lambda bill: bill.period, reverse=True)


def periods_paid_here(session: Session, index: bytes) -> set[tuple[str, str]]:
    """(scheme, period) this person's payment has reached us for, told to the department or not."""
    paid = (
        select(Bill.scheme, Bill.period)
        .join(OrderLine, OrderLine.bill_id == Bill.id)
        .where(Bill.beneficiary_index == index, OrderLine.status.in_(("paid", "settled")))
    )
    return {(scheme, period) for scheme, period in session.execute(paid)}


def payable_by(session: Session, actor: Actor, bill_ids: Sequence[uuid.UUID]) -> list[Chosen]:
    """These bills, if the actor may pay every one of them today, in the order of their ids.

    One's own, a mandate's, or granted by a look-up. Raises `NotFound` for the whole lot alike,
    whichever of them is unknown, foreign or not payable.
    """
    wanted = set(bill_ids)
    found = session.scalars(select(Bill).where(Bill.id.in_(wanted)).order_by(Bill.id)).all()
    own = people.myself(session, actor).index
    mandated = mandated_documents(session, actor, "pay")
    granted = _granted(session, actor, wanted)

    def basis(bill: Bill) -> Basis | None:
        if bill.beneficiary_index == own:
            return "own"
        if bill.beneficiary_index in mandated:
            return "mandate"
        return "lookup" if bill.id in granted else None

    allowed = [(bill, basis(bill)) for bill in found if is_payable(bill)]
    chosen = [Chosen(bill, by) for bill, by in allowed if by is not None]
    if len(chosen) != len(wanted):
        raise NotFound
    return chosen


def status_of(bill: Bill) -> BillStatus:
    """The status that holds today."""
    if bill.status == "paid":
        return "paid"
    return "expired" if bill.payable_until < clock.legal_today() else "payable"


def is_payable(bill: Bill) -> bool:
    """Whether it can be paid today."""
    return status_of(bill) == "payable" and bill.payable_from <= clock.legal_today()


def beneficiary_name(session: Session, bill: Bill) -> str:
    """The insured person's masked name: all a payer is shown of them."""
    return mask_name(crypto.unseal(session.core.keys, _name(bill.id), bill.name_sealed))


def phone_of(session: Session, bill: Bill) -> str | None:
    """Where to tell the insured person something: their account's phone, else the department's."""
    own = people.phone_with(session, bill.beneficiary_index)
    if own is not None or bill.phone_sealed is None:
        return own
    return crypto.unseal(session.core.keys, _phone(bill.id), bill.phone_sealed)


def _granted(session: Session, actor: Actor, bill_ids: set[uuid.UUID]) -> set[uuid.UUID]:
    living = select(BillGrant.bill_id).where(
        BillGrant.account_id == actor.account,
        BillGrant.bill_id.in_(bill_ids),
        BillGrant.until > clock.now(),
    )
    return set(session.scalars(living))


def _insert_missing(session: Session, insured: Insured, told: DepartmentBill) -> None:
    """Two who ask at once make one bill; a person has one bill a scheme and year."""
    keys, row = session.core.keys, new_id()
    document = crypto.Field("bills", "document_sealed", row)
    session.execute(
        insert(Bill)
        .values(
            id=row,
            department=DEPARTMENT,
            department_number=told.number,
            scheme=told.scheme,
            period=told.period,
            beneficiary_index=insured.index,
            name_sealed=crypto.seal(keys, _name(row), insured.name),
            document_sealed=crypto.seal(keys, document, insured.document_number),
            amount=told.amount,
            payable_from=told.payable_from,
            payable_until=told.payable_until,
            status="paid" if told.paid else "payable",
            fetched_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )


def _update(session: Session, bill: Bill, told: DepartmentBill, *, paid_here: bool) -> None:
    """What the department says now. What was paid here stays paid until it has been told so."""
    bill.department_number = told.number
    bill.amount = told.amount
    bill.payable_from = told.payable_from
    bill.payable_until = told.payable_until
    bill.status = "paid" if told.paid or paid_here else "payable"
    phone = phones.normalise(told.phone) if told.phone else None
    bill.phone_sealed = crypto.seal(session.core.keys, _phone(bill.id), phone) if phone else None
    bill.fetched_at = clock.now()


def _name(bill_id: uuid.UUID) -> crypto.Field:
    return crypto.Field("bills", "name_sealed", bill_id)


def _phone(bill_id: uuid.UUID) -> crypto.Field:
    return crypto.Field("bills", "phone_sealed", bill_id)
