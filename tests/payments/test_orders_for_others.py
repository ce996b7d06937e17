"""Who orders a payment for somebody else leaves a row that says so; who pays for themselves does not."""

import uuid

import pytest
from sqlalchemy import select

from app.audit.models import AuditRow


@pytest.fixture
def rows(session):
    """The rows of orders placed for others, by the person concerned."""

    def read():
        found = select(AuditRow).where(AuditRow.action == "payments.order")
        return {row.subject_id: row for row in session.scalars(found)}

    return read


@pytest.fixture
def owe(department, invent):
    """Somebody who has a bill to pay."""

    def make():
        person = invent()
        department.asks(person)
        return person

    return make


def test_an_order_says_for_whom_it_was_placed_and_by_what_right(owe, payer, give_mandate, rows):
    daughter, mother, father = owe(), owe(), owe()
    give_mandate(daughter, mother)
    me = payer(daughter)
    (own,) = me.bills().json["items"]
    (mothers,) = me.bills(mother.actor.person).json["items"]
    placed = me.order(own["id"], mothers["id"], me.found(father))
    assert placed.status_code == 201, placed.json
    found = rows()
    assert set(found) == {mother.actor.person, father.actor.person}
    told = {
        name: (row.actor_id, row.object_id, row.on_behalf_of, row.reason)
        for name, row in (
            ("mother", found[mother.actor.person]),
            ("father", found[father.actor.person]),
        )
    }
    who, order = daughter.actor.account, uuid.UUID(placed.json["id"])
    assert told == {
        "mother": (who, order, mother.actor.person, "mandate"),
        "father": (who, order, None, "lookup"),
    }


def test_who_pays_for_themselves_and_who_may_not_order_leave_no_row(owe, payer, rows):
    me, stranger = owe(), owe()
    (own,) = payer(me).bills().json["items"]
    (theirs,) = payer(stranger).bills().json["items"]
    assert payer(me).order(own["id"], theirs["id"]).status_code == 404
    assert payer(me).order(own["id"]).status_code == 201
    assert rows() == {}


def test_the_person_concerned_reads_who_ordered_for_them(owe, payer, client):
    daughter, father = owe(), owe()
    assert payer(daughter).order(payer(daughter).found(father)).status_code == 201
    seen = client.get("/api/v1/me/access-log", headers=father.headers).json["items"]
    assert "为您的应缴费用下了订单" in [each["what"] for each in seen]
