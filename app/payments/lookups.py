"""Pay-only look-up: whoever gives name and number exactly may pay, and learns nothing else.

A wrong name, an unknown number and nothing to pay are one answer, reached by the same steps: the
department is asked each time, and the same statements run before anything is kept.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from app.audit import services as audit
from app.audit.services import act_of
from app.connectors.medical_insurance import DepartmentBill, MedicalInsurance
from app.core import clock, limits
from app.core.db import Session, phases
from app.core.http import PartyUnavailable
from app.core.ids import new_id
from app.core.jobs import defer
from app.core.limits import Quota
from app.core.types import Actor
from app.family import people
from app.identity.real_name import Claim
from app.payments import bills
from app.payments.bills import Insured
from app.payments.models import Bill, BillGrant, LookupNotice

GRANT_LIFE = timedelta(minutes=30)
A_PAYER_A_DAY = Quota("bill_lookup_payer_day", 10, 86_400)
A_NUMBER_A_DAY = Quota("bill_lookup_number_day", 5, 86_400)
TELL_TASK = "payments.tell_looked_up"
#: Notices one sweep takes up.
BATCH = 50
#: A notice that did not go out is tried again after this time, later tries after `GROWTH` times the
#: age of the notice: whether a silent gateway had sent it is not known.
LEASE = timedelta(seconds=20)
GROWTH = 3
#: As long as this, a person may ask us who was told of what.
NOTICES_KEPT = timedelta(days=90)


@dataclass(frozen=True)
class Wanted:
    """Whose bill, as the payer gives it, and of which scheme."""

    person: Claim
    scheme: str


def look_up(
    session: Session, department: MedicalInsurance, actor: Actor, wanted: Wanted
) -> list[Bill] | PartyUnavailable:
    """Bills that can be paid today, granted to the actor for half an hour; empty for any miss.

    Each attempt counts, also those that find nothing; only when the department did not answer is it
    given back, which is why that comes back as an outcome. Raises `TooManyRequests`.
    """
    name, document = wanted.person.name, wanted.person.document

    def prepare() -> Insured:
        insured = Insured.by(session, name, document.type, document.number)
        limits.consume(session, A_PAYER_A_DAY, str(actor.account))
        limits.consume(session, A_NUMBER_A_DAY, insured.index.hex())
        return insured

    def call(insured: Insured) -> list[DepartmentBill] | PartyUnavailable:
        try:
            return department.bills(*insured.asked)
        except PartyUnavailable as silent:
            return silent

    def apply(
        insured: Insured, told: list[DepartmentBill] | PartyUnavailable
    ) -> list[Bill] | PartyUnavailable:
        if isinstance(told, PartyUnavailable):
            limits.give_back(session, A_PAYER_A_DAY, str(actor.account))
            limits.give_back(session, A_NUMBER_A_DAY, insured.index.hex())
            return told
        subject = people.person_with(session, insured.index)
        of_scheme = [each for each in told if each.scheme == wanted.scheme]
        payable = _payable(session, insured, of_scheme)
        found = _grant(session, actor, insured, of_scheme) if payable else []
        _note(session, actor, subject, found)
        return found

    return phases(session, prepare=prepare, call=call, apply=apply)


def waiting_notices(session: Session) -> list[uuid.UUID]:
    """Up to `BATCH` notices of the last two days that are due and have not gone out."""
    since = clock.legal_today() - timedelta(days=1)
    due = select(LookupNotice.id).where(
        LookupNotice.next_try_at <= clock.now(), LookupNotice.day >= since
    )
    return list(session.scalars(due.order_by(func.random()).limit(BATCH)))


def claim_notice(session: Session, notice_id: uuid.UUID) -> LookupNotice | None:
    """The notice if it is due, kept from other runs for `LEASE` or longer. Safe to repeat."""
    notice = session.get(LookupNotice, notice_id, with_for_update=True, populate_existing=True)
    if notice is None or notice.next_try_at is None or notice.next_try_at > clock.now():
        return None
    # Its id is a UUIDv7 and begins with the millisecond in which the notice was made.
    age = clock.now() - datetime.fromtimestamp((notice.id.int >> 80) / 1_000, UTC)
    notice.next_try_at = clock.now() + max(LEASE, GROWTH * age)
    session.flush()
    return notice


def notice_done(session: Session, notice_id: uuid.UUID) -> None:
    """The notice went out, or there is nobody to send it to."""
    session.get_one(LookupNotice, notice_id).next_try_at = None
    session.flush()


def forget_old(session: Session) -> int:
    """Delete grants that are over and notices older than `NOTICES_KEPT`. Answers how many."""
    connection = session.connection()
    grants = delete(BillGrant).where(BillGrant.until < clock.now())
    notices = delete(LookupNotice).where(LookupNotice.day < clock.legal_today() - NOTICES_KEPT)
    return connection.execute(grants).rowcount + connection.execute(notices).rowcount


def _payable(session: Session, insured: Insured, told: Sequence[DepartmentBill]) -> bool:
    """Whether anything is left to pay, what was paid here a moment ago taken off."""
    paid_here = bills.periods_paid_here(session, insured.index)
    today = clock.legal_today()
    return any(
        not each.paid
        and each.payable_from <= today <= each.payable_until
        and (each.scheme, each.period) not in paid_here
        for each in told
    )


def _grant(
    session: Session, actor: Actor, insured: Insured, told: Sequence[DepartmentBill]
) -> list[Bill]:
    kept = bills.keep(session, insured, told)
    periods = {(each.scheme, each.period) for each in told}
    found = [bill for bill in kept if (bill.scheme, bill.period) in periods]
    found = [bill for bill in found if bills.is_payable(bill)]
    until = clock.now() + GRANT_LIFE
    for bill in found:
        grant = insert(BillGrant).values(account_id=actor.account, bill_id=bill.id, until=until)
        pair = ["account_id", "bill_id"]
        session.execute(grant.on_conflict_do_update(index_elements=pair, set_={"until": until}))
    return found


def _note(session: Session, actor: Actor, subject: uuid.UUID | None, found: Sequence[Bill]) -> None:
    """Leave the audit row, and let the person know, unless it is the actor."""
    object_id = found[0].id if found else None
    audit.record(session, act_of(actor, "payments.lookup", subject_id=subject, object_id=object_id))
    if found and subject != actor.person:
        _tell(session, actor, found[0])


def _tell(session: Session, actor: Actor, bill: Bill) -> None:
    notice = insert(LookupNotice).values(
        id=new_id(),
        beneficiary_index=bill.beneficiary_index,
        day=clock.legal_today(),
        bill_id=bill.id,
        payer_person_id=actor.person,
        next_try_at=clock.now(),
    )
    once_a_day = notice.on_conflict_do_nothing(index_elements=["beneficiary_index", "day"])
    made = session.scalar(once_a_day.returning(LookupNotice.id))
    if made is not None:
        defer(session, TELL_TASK, queue="sms", notice_id=str(made))
