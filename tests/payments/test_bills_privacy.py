"""Nothing of the father beyond the allow-list reaches the daughter, through any route, at any time."""

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.request import urlopen

import pytest
from sqlalchemy import select, text, update
from watching import BODIES, Watch, identity_of
from wechat_sender import Sender, deliver

from app.core import clock
from app.core.db import unit_of_work
from app.family.models import Mandate
from app.identity.models import Person
from app.payments.models import Bill, Booking, Receipt
from composition import TASKS
from push import facts
from push.jobs import evaluate_due
from scripts.environment import stub_keys

BORN = date(1957, 3, 9)
HOME = "422801"
#: Where the department reaches him; his account has another phone.
CONTACT = "+8613900004321"
#: Fen: what he has paid himself.
HIS_OWN = 98_765_431
#: What a bill, an order line and a member may say of somebody else.
ALLOWED = {
    "bills": {"id", "scheme", "period", "amount", "beneficiary", "status"},
    "lines": {"bill_id", "scheme", "period", "beneficiary", "amount", "status"},
    "members": {"person_id", "masked_name", "relation", "scopes", "until", "guardian_as"},
    "mandates": {
        *("id", "as", "person_id", "masked_name", "relation", "scopes", "until", "status"),
        *("accepted", "ended_by", "guardian_as", "number", "confirmed_how"),
    },
    "receipts": {
        *("id", "number", "audience", "scheme", "period", "amount", "beneficiary", "issued_at"),
    },
    "notices": {
        *("id", "category", "title", "body", "subject", "matter_code", "due_at", "created_at"),
        *("about", "read_at", "why"),
    },
}


@dataclass
class Cashier:
    """Pays orders as WeChat and the department do, and does the jobs that follow."""

    client: object
    world: object
    sender: Sender
    payments: list[dict] = field(default_factory=list)

    def open(self, payer, order_id):
        body = BODIES["/api/v1/orders/{order_id}/payments"]
        opened = payer.post(f"/api/v1/orders/{order_id}/payments", body)
        assert opened.status_code == 201, opened.json
        return opened

    def confirm(self, opened, amount):
        """WeChat tells us; whoever is to know of it is told. The department waits."""
        paid = self.sender.transaction(opened.json["out_trade_no"], amount)
        self.payments.append(paid)
        told = deliver(self.client, "medical", *self.sender.notify(paid))
        assert told.status_code == 204
        self.work(but="departments")

    def work(self, but=""):
        """Do what jobs have been left, and what those leave."""
        known = {each.name: each for each in TASKS}
        left = text(
            "DELETE FROM procrastinate_jobs WHERE queue_name <> :but RETURNING task_name, args"
        )
        while True:
            with unit_of_work(self.world.core) as session:
                jobs = session.execute(left, {"but": but}).all()
            if not jobs:
                return
            for name, args in jobs:
                known[name].run(self.world, **args)

    def settle(self, payer, bill_id):
        """From the bill to the receipts; answers the order."""
        order = payer.order(bill_id).json
        self.confirm(self.open(payer, order["id"]), order["amount"]["amount"])
        self.work()
        settled = payer.get(f"/api/v1/orders/{order['id']}").json
        assert settled["status"] == "settled"
        return settled


@pytest.fixture
def cashier(client, world, stubs, home):
    return Cashier(client, world, Sender.towards(stub_keys(home), "medical"))


@pytest.fixture
def father(invent, session, department):
    """Born and at home where nobody else in this test is; the department knows another phone."""
    person = invent()
    changed = update(Person).where(Person.id == person.actor.person_id)
    session.execute(changed.values(birth_date=BORN, household_division=HOME))
    session.commit()
    for period in ("2026", "2027"):
        department.asks(person, phone=CONTACT, period=period)
    return person


def his_card_expires(father, session, world):
    """On the day answered, and he is reminded of it."""
    today = clock.legal_today()
    expires = today + timedelta(days=7)
    stated = facts.Fact(father.actor.person, "resident_id_expiry", expires, "公安", today)
    with unit_of_work(session.core) as other:
        facts.record(other, [stated])
    evaluate_due.run(world)
    return expires


def declare_a_contact(client, father):
    """His code turns from green; answers the status."""
    body = {**BODIES["/api/v1/health-code/declaration"], "contact": "yes"}
    declared = client.put("/api/v1/health-code/declaration", json=body, headers=father.headers).json
    assert (declared["state"], declared["colour"]) != ("active", "green")
    return declared


@pytest.fixture
def his_life(father, invent, payer, cashier, department, session, client, give_mandate):
    """What he has of his own: a paid bill, a reason for his colour, a card that expires, a son.

    By kinds: `bills` are told to whoever may pay for him, `health` to whoever may show his code.
    """
    department.asks(father, period="2019", amount=HIS_OWN)
    own = next(each for each in payer(father).bills().json["items"] if each["period"] == "2019")
    order = cashier.settle(payer(father), own["id"])
    (receipt,) = {
        each["number"]
        for each in payer(father).get("/api/v1/receipts").json["items"]
        if each["audience"] == "payer"
    }
    expires = his_card_expires(father, session, cashier.world)
    brother = invent()
    mandate = give_mandate(brother, father)
    declared = declare_a_contact(client, father)
    return {
        "always": {
            **identity_of(father),
            "birth": BORN.isoformat(),
            "birth in digits": f"{BORN:%Y%m%d}",
            "home": HOME,
            "contact": CONTACT[3:],
            "session": str(father.actor.session_id),
            "own order": order["id"],
            "own order's number": order["number"],
            "own attempt": order["attempts"][0]["id"],
            "own number at WeChat": order["attempts"][0]["out_trade_no"],
            "own transaction": cashier.payments[0]["transaction_id"],
            "own receipt": receipt,
            "card's last day": expires.isoformat(),
            "card's last day in words": f"{expires.year}年{expires.month}月{expires.day}日",
            "son's name": brother.name,
            "son's account": str(brother.actor.account),
            "son's mandate": mandate,
        },
        "bills": {"own bill": own["id"], "own amount": str(HIS_OWN)},
        "health": {"reason": declared["reasons"][0]["text"]},
    }


@pytest.fixture
def watch(app, client, invent, world, monkeypatch):
    # The walk asks more often in a minute than a person may.
    monkeypatch.setattr(world.core.first_line, "check", lambda *_: None)
    return lambda person: Watch(app, client, person)


def made_by_paying(session, father, bill_ids):
    """What our records of her payments say to him or to the department alone."""
    told = {}
    for number, bill in enumerate(session.scalars(select(Bill).where(Bill.id.in_(bill_ids)))):
        told[f"department's number {number}"] = bill.department_number
    his = select(Receipt).where(
        Receipt.audience == "beneficiary", Receipt.person_id == father.actor.person
    )
    for number, receipt in enumerate(session.scalars(his)):
        told |= {f"his receipt {number}": receipt.number, f"its id {number}": str(receipt.id)}
    for number, reference in enumerate(session.scalars(select(Booking.reference))):
        told[f"booking {number}"] = reference
    mine = text("SELECT id FROM notices WHERE recipient_account_id = :account")
    for number, each in enumerate(session.scalars(mine, {"account": father.actor.account})):
        told[f"his notice {number}"] = str(each)
    return told


def everything(life):
    return {name: secret for kind in life.values() for name, secret in kind.items()}


def test_who_pays_after_a_look_up_learns_nothing_else_at_any_step(
    watch, father, his_life, payer, invent, session, cashier, stubs
):
    watcher = watch(invent())
    daughter, told, walked = payer(watcher.person), watcher.keep, {}

    def walk(stage):
        walked[stage] = watcher.everywhere(session, stage)

    walk("stranger")
    found = told(daughter.look_up(father)).json["items"]
    assert {each["period"] for each in found} == {"2026", "2027"}
    told(daughter.look_up(father, name="不是本人"))
    bill_id = next(each["id"] for each in found if each["period"] == "2027")
    walk("looked up")
    order = told(daughter.order(bill_id)).json
    walk("ordered")
    opened = told(cashier.open(daughter, order["id"]))
    walk("opened")
    cashier.confirm(opened, order["amount"]["amount"])
    assert told(daughter.get(f"/api/v1/orders/{order['id']}")).json["status"] == "paid"
    walk("paid")
    cashier.work()
    assert told(daughter.get(f"/api/v1/orders/{order['id']}")).json["status"] == "settled"
    assert len(told(daughter.get("/api/v1/receipts")).json["items"]) == 1
    assert len(told(daughter.get("/api/v1/notices")).json["items"]) == 2
    walk("settled")
    secrets = everything(his_life) | made_by_paying(session, father, [each["id"] for each in found])
    print(f"\nanswers searched n = {len(watcher.answers)} for {len(secrets)} facts: {walked}")
    assert min(walked.values()) > 200
    assert watcher.found(secrets) == set()
    with urlopen(f"{stubs}/wechatpay/orders?out_trade_no={opened.json['out_trade_no']}") as known:
        at_wechat = known.read().decode()
    assert order["number"] in at_wechat
    assert [kind for kind, secret in secrets.items() if secret in at_wechat] == []


def orders_tell_what_they_may(told, daughter, *orders):
    for order in orders:
        shown = told(daughter.get(f"/api/v1/orders/{order['id']}")).json
        assert {frozenset(line) for line in shown["lines"]} == {frozenset(ALLOWED["lines"])}
        assert set(shown["lines"][0]["beneficiary"]) == {"masked_name"}


def test_a_mandate_shows_his_bills_and_when_it_has_ended_only_what_she_paid(
    watch, father, his_life, payer, invent, session, cashier, give_mandate, client
):
    watcher = watch(invent())
    daughter, told, walked = payer(watcher.person), watcher.keep, {}

    def walk(stage):
        walked[stage] = watcher.everywhere(session, stage)

    def pay(period):
        bills = told(daughter.bills(father.actor.person_id)).json["items"]
        return cashier.settle(daughter, {each["period"]: each["id"] for each in bills}[period])

    watcher.stage = "mandated"
    mandate_id = give_mandate(watcher.person, father, "pay", "view_code")
    first = pay("2026")
    walk("mandated")
    client.delete(f"/api/v1/family/mandates/{mandate_id}", headers=father.headers)
    walk("revoked")
    assert told(daughter.bills(father.actor.person_id)).status_code == 404

    watcher.stage = "mandated again"
    again = give_mandate(watcher.person, father)
    second = pay("2027")
    walk("mandated again")
    yesterday = clock.legal_today() - timedelta(days=1)
    session.execute(update(Mandate).where(Mandate.id == again).values(until=yesterday))
    session.commit()
    walk("ran out")
    assert told(daughter.bills(father.actor.person_id)).status_code == 404
    orders_tell_what_they_may(told, daughter, first, second)

    paid = [line["bill_id"] for order in (first, second) for line in order["lines"]]
    secrets = everything(his_life) | made_by_paying(session, father, paid)
    bills, health = his_life["bills"], his_life["health"]
    allowed = {"mandated": {*bills, *health}, "mandated again": set(bills)}
    print(f"\nanswers searched n = {len(watcher.answers)} for {len(secrets)} facts: {walked}")
    assert min(walked.values()) > 200
    assert watcher.found(secrets, allowed) == set()
    # What a mandate allows is seen while it lasts: the search finds what there is to find.
    seen = {(stage, kind) for stage, kind, _ in watcher.found(bills | health)}
    assert {stage for stage, _ in seen} == set(allowed)
    assert {kind for _, kind in seen} == {*bills, *health}


def test_a_stranger_learns_of_neither_whatever_ids_they_know(
    watch, father, his_life, payer, invent, session, cashier
):
    daughter, stranger = invent(), watch(invent())
    bill_id = next(
        each["id"]
        for each in payer(daughter).look_up(father).json["items"]
        if each["period"] == "2027"
    )
    order = cashier.settle(payer(daughter), bill_id)
    walked = stranger.everywhere(session, "stranger")
    secrets = everything(his_life) | made_by_paying(session, father, [bill_id])
    secrets |= {f"her {kind}": secret for kind, secret in identity_of(daughter).items()}
    secrets |= {
        "her order": order["number"],
        "her order's id": order["id"],
        "the bill": bill_id,
        "his mask": f"{father.name[0]}*{father.name[-1]}",
        "her mask": f"{daughter.name[0]}*{daughter.name[-1]}",
        "her transaction": cashier.payments[-1]["transaction_id"],
    }
    print(f"\nanswers searched n = {walked} for {len(secrets)} facts")
    assert stranger.found(secrets) == set()


def test_the_father_learns_of_his_daughter_only_her_masked_name(
    watch, father, his_life, payer, invent, session, cashier
):
    daughter, his = invent(), watch(father)
    bill_id = payer(daughter).look_up(father).json["items"][0]["id"]
    order = cashier.settle(payer(daughter), bill_id)
    (attempt,) = order["attempts"]
    hers = text("SELECT number FROM receipts WHERE person_id = :person AND audience = 'payer'")
    told = {
        **identity_of(daughter),
        "session": str(daughter.actor.session_id),
        "order": order["id"],
        "order's number": order["number"],
        "attempt": attempt["id"],
        "number at WeChat": attempt["out_trade_no"],
        "transaction": cashier.payments[-1]["transaction_id"],
        "receipt": session.scalars(hers, {"person": daughter.actor.person}).one(),
    }
    walked = his.everywhere(session, "settled")
    print(f"\nanswers searched n = {walked} for {len(told)} facts")
    assert his.found(told) == set()
    mask = f"{daughter.name[0]}*{daughter.name[-1]}"
    assert his.found({"her mask": mask}), "he is told who has paid for him"
    # He is shown his own: what the other walks look for is spelt as our answers spell it.
    own = everything(his_life)
    shown = {kind for _, kind, _ in his.found(own)}
    assert shown >= {
        *("account", "session", "own order", "own order's number", "own attempt", "own receipt"),
        *("own number at WeChat", "card's last day", "card's last day in words"),
        *("son's mandate", *his_life["bills"], *his_life["health"]),
    }


def test_the_search_finds_what_is_planted(watch, father, his_life, client):
    """The watcher itself is watched: what it must find, it finds."""
    watcher = watch(father)
    answer = client.get("/healthz")
    for kind, secret in everything(his_life).items():
        watcher.answers.clear()
        answer.set_data(f'{uuid.uuid4()}"{secret}"{uuid.uuid4()}')
        watcher.keep(answer)
        assert kind in {found for _, found, _ in watcher.found(everything(his_life))}


def test_every_object_that_tells_of_the_father_has_the_allowed_fields_only(
    father, payer, invent, cashier, give_mandate
):
    someone = invent()
    daughter = payer(someone)
    give_mandate(someone, father, "pay", "view_code")
    found = daughter.look_up(father).json["items"]
    listed = daughter.bills(father.actor.person_id).json["items"]
    for each in found:
        assert set(each) == ALLOWED["bills"]
        assert set(each["beneficiary"]) == {"masked_name"}
    for each in listed:
        assert set(each) == ALLOWED["bills"]
        assert set(each["beneficiary"]) == {"person_id", "masked_name"}
    assert len(found) == len(listed) == 2
    (line,) = cashier.settle(daughter, found[0]["id"])["lines"]
    assert set(line) == ALLOWED["lines"]
    assert set(line["beneficiary"]) == {"masked_name"}
    (receipt,) = daughter.get("/api/v1/receipts").json["items"]
    assert set(receipt) == ALLOWED["receipts"]
    assert set(receipt["beneficiary"]) == {"masked_name"}
    for notice in daughter.get("/api/v1/notices").json["items"]:
        assert set(notice) == ALLOWED["notices"]
        assert set(notice["subject"]) == {"masked_name"}
        assert set(notice["why"]) == {"rule", "because"}
    _, member = daughter.get("/api/v1/family/members").json["items"]
    assert set(member) == ALLOWED["members"]
    (mandate,) = daughter.get("/api/v1/family/mandates").json["items"]
    assert set(mandate) == ALLOWED["mandates"]
