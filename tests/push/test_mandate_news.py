"""Both sides of a mandate are told of it: in the inbox, or by text who has no account."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from staffing import make_officer
from stage import PHONE
from support import resident_id

from app.connectors.exchange import PersonRecord
from app.core import clock, crypto
from app.core.db import unit_of_work
from app.core.events import RecordedEvent
from app.family import services
from app.family.models import Mandate
from app.family.services import Terms
from app.identity import real_name
from app.identity.queries import identity_document
from push import jobs_mandates
from push.models import Notice


class Gateway:
    """An SMS gateway that a test can read."""

    def __init__(self):
        self.sent = []

    def send(self, phone, template, params):
        self.sent.append((phone, template, params))


@pytest.fixture
def gateway():
    return Gateway()


@pytest.fixture
def world(world, gateway):
    return replace(world, sms=gateway)


@pytest.fixture
def ask(core):
    """`ask(holder, name, number)` over the service; answers the mandate's id."""

    def make(holder, name, number):
        claimed = real_name.claim(name, number)
        terms = Terms("parent", ("pay",), clock.legal_today() + timedelta(days=30))
        with unit_of_work(core) as session:
            return services.ask_mandate(session, holder.actor, claimed, terms).id

    return make


def tell(core, world):
    """Run the jobs of every mandate's news."""
    with core.session() as session:
        moved = select(RecordedEvent).where(RecordedEvent.name == "family.mandate_moved")
        payloads = [each.payload for each in session.scalars(moved.order_by(RecordedEvent.id))]
    for payload in payloads:
        jobs_mandates.tell_mandate_moved.run(world, **payload)
        jobs_mandates.text_mandate_moved.run(world, **payload)


def inboxes(core):
    with core.session() as session:
        rows = select(Notice.recipient_account_id, Notice.wording).order_by(Notice.created_at)
        return {tuple(row) for row in session.execute(rows)}


def test_both_accounts_are_told_once_of_request_confirmation_and_end(
    core, world, gateway, invent, ask, client
):
    son, mother = invent(), invent()
    mandate_id = ask(son, mother.name, mother.document_number)
    path = f"/api/v1/family/mandates/{mandate_id}"
    client.post(f"{path}/accept", headers=mother.headers)
    client.delete(path, headers=mother.headers)
    for _ in range(2):
        tell(core, world)
    held = {(son.actor.account, f"{to}_held") for to in ("asked", "confirmed", "ended")}
    given = {(mother.actor.account, f"{to}_given") for to in ("asked", "confirmed", "ended")}
    assert inboxes(core) == held | given
    assert gateway.sent == []
    items = client.get("/api/v1/notices", headers=mother.headers).json["items"]
    texts = " ".join(each["body"] for each in items)
    assert son.name[0] + "*" + son.name[-1] in texts
    assert son.name not in texts
    why = [each["why"]["because"] for each in items if "结束" in each["title"]]
    assert why == ["被代办人结束或没有同意授权。"]


def test_who_asks_is_told_alike_whether_or_not_we_know_the_person(core, world, invent, ask, client):
    son, known = invent(), invent()
    unknown = resident_id(7, date(1950, 3, 3))
    ask(son, known.name, known.document_number)
    ask(son, "无名氏", unknown)
    tell(core, world)
    items = client.get("/api/v1/notices", headers=son.headers).json["items"]
    first, second = ({**each, "id": 0, "created_at": 0, "body": ""} for each in items)
    assert first == second
    assert first["subject"] == {"masked_name": son.name[0] + "*" + son.name[-1]}


def test_my_number_under_another_name_tells_me_nothing(core, world, invent, ask):
    son, mother = invent(), invent()
    ask(son, "不是本人", mother.document_number)
    tell(core, world)
    assert inboxes(core) == {(son.actor.account, "asked_held")}


def test_who_has_no_account_is_texted_three_times_a_day_at_most(
    core, world, gateway, stage, ask, session
):
    stage.person("mother", account=False)
    stage.bill("bill", "mother")
    name, number = named(core, stage, "mother")
    sons = [stage.person(f"son{n}") and stage.accounts[f"son{n}"] for n in range(5)]
    numbers = []
    for son in sons:
        mandate = ask(son, name, number)
        numbers.append(session.get_one(Mandate, mandate).number)
    tell(core, world)
    assert len(gateway.sent) == 3
    first = sons[0].name
    assert gateway.sent[0] == (
        PHONE,
        "2401007",
        [first[0] + "*" + first[-1], "申请", numbers[0]],
    )


def test_the_phone_given_at_the_window_comes_first(core, world, gateway, invent, ask):
    son = invent()
    number = resident_id(8, date(1950, 3, 3))
    mandate_id = ask(son, "张奶奶", number)
    with unit_of_work(core) as session:
        mandate = session.get_one(Mandate, mandate_id)
        record = PersonRecord("2", date(1950, 3, 3), False, "420106")
        claimed = real_name.claim("张奶奶", number)
        person = real_name.person_of(session, claimed, record)
        services.activate(mandate, person, "account")
        field = crypto.Field("mandates", "phone_sealed", mandate_id)
        mandate.phone_sealed = crypto.seal(core.keys, field, "+8613900009999")
        services.revoke(session, mandate, "holder")
    tell(core, world)
    assert {phone for phone, _, _ in gateway.sent} == {"+8613900009999"}
    assert gateway.sent[-1][2][1] == "已结束"


def test_both_notices_say_that_it_was_ended_at_a_window(core, world, invent, ask, client):
    son, mother = invent(), invent()
    mandate_id = ask(son, mother.name, mother.document_number)
    client.post(f"/api/v1/family/mandates/{mandate_id}/accept", headers=mother.headers)
    officer = make_officer(core, "window_officer").actor.officer
    with unit_of_work(core) as session:
        mandate = session.get_one(Mandate, mandate_id)
        mandate.ended_how, mandate.ended_before = "window", officer
        services.revoke(session, mandate, "principal")
    tell(core, world)
    for person in (son, mother):
        items = client.get("/api/v1/notices", headers=person.headers).json["items"]
        (why,) = (each["why"]["because"] for each in items if "结束" in each["title"])
        assert why == "被代办人到政务服务窗口当面结束或没有同意授权。"


def named(core, stage, who):
    """Name and number of somebody on the stage."""
    with core.session() as session:
        document = identity_document(session, stage.people[who])
        return document.name, document.document_number
