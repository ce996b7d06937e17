"""Nothing of the father beyond the allow-list reaches the daughter, through any route, at any time."""

import json
import re
import uuid
from datetime import date, timedelta

import pytest
from sqlalchemy import text, update

from app.core import clock
from app.family.models import Mandate
from app.identity.models import Person

BORN = date(1957, 3, 9)
HOME = "422801"
#: What a bill, an order line and a member may say of somebody else.
ALLOWED = {
    "bills": {"id", "scheme", "period", "amount", "beneficiary", "status"},
    "lines": {"bill_id", "beneficiary", "amount", "status"},
    "members": {"person_id", "masked_name", "relation", "scopes", "until"},
    "mandates": {"id", "as", "person_id", "masked_name", "relation", "scopes", "until", "status"},
}


@pytest.fixture
def father(invent, session, department):
    """Born and at home where nobody else in this test is; his bill names his phone."""
    person = invent()
    changed = update(Person).where(Person.id == person.actor.person_id)
    session.execute(changed.values(birth_date=BORN, household_division=HOME))
    session.commit()
    department.asks(person, phone=person.phone)
    return person


def secrets_of(person):
    """Spellings of what must stay unknown; the account's id too, which nobody else needs."""
    return {
        "name": person.name,
        "given name": person.name[1:],
        "escaped name": json.dumps(person.name)[1:-1],
        "number": person.document_number,
        "end of number": person.document_number[-6:],
        "phone": person.phone[3:],
        "end of phone": person.phone[-8:],
        "birth": BORN.isoformat(),
        "birth in digits": f"{BORN:%Y%m%d}",
        "home": HOME,
        "account": str(person.actor.citizen_id),
    }


class Watch:
    """Walks every route as the daughter and keeps every answer."""

    def __init__(self, app, client, daughter):
        self.client, self.daughter = client, daughter
        self.routes = [
            (rule.rule, method)
            for rule in app.url_map.iter_rules()
            for method in app.view_functions[rule.endpoint].huiban_route.methods
            if app.view_functions[rule.endpoint].huiban_route.audience in ("citizen", "verifier")
        ]
        self.answers = []

    def keep(self, answer):
        said = f"{answer.get_data(as_text=True)}\n{answer.headers}"
        self.answers.append((answer.request.path, said))
        return answer

    def everywhere(self, ids):
        """Each route with each id in its path, in its query and in its body."""
        before = len(self.answers)
        for rule, method in self.routes:
            if method != "GET" and not re.match(r"/api/v1/(family|bills|orders)", rule):
                continue
            if method == "DELETE" or rule.endswith("/cancel"):
                continue
            for each in ids if "<" in rule else ids[:1]:
                path = re.sub(r"<[^>]+>", str(each), rule)
                body = None if method == "GET" else {}
                self._send(method, path, body)
            for each in ids if method == "GET" else ():
                for name in ("beneficiary_id", "subject_id"):
                    path = re.sub(r"<[^>]+>", str(each), rule)
                    self._send(method, f"{path}?{name}={each}", None)
        for each in ids:
            self._send("POST", "/api/v1/orders", {"bill_ids": [str(each)]})
        return len(self.answers) - before

    def _send(self, method, path, body):
        headers = {**self.daughter.headers, "Idempotency-Key": uuid.uuid4().hex}
        self.keep(self.client.open(path, method=method, json=body, headers=headers))

    def found(self, person):
        return [
            (kind, path)
            for path, said in self.answers
            for kind, secret in secrets_of(person).items()
            if secret in said
        ]


@pytest.fixture
def watch(app, client, invent, world, monkeypatch):
    # The walk asks more often in a minute than a person may.
    monkeypatch.setattr(world.core.first_line, "check", lambda *_: None)
    return Watch(app, client, invent())


@pytest.fixture
def known_ids(session):
    """Every id that tells of the father, whether or not the daughter could know it."""

    def ids(father):
        rows = session.execute(
            text(
                "SELECT id FROM bills UNION SELECT id FROM mandates UNION SELECT id FROM orders"
                " UNION SELECT id FROM order_lines"
            )
        )
        return [father.actor.person_id, father.actor.citizen_id, *rows.scalars()]

    return ids


def test_nothing_reaches_the_daughter_before_during_and_after_the_mandate(
    watch, father, payer, give_mandate, client, session, known_ids
):
    daughter = payer(watch.daughter)
    walked = {"stranger": watch.everywhere(known_ids(father))}

    bill_id = watch.keep(daughter.look_up(father)).json["items"][0]["id"]
    watch.keep(daughter.look_up(father, name="不是本人"))
    order = watch.keep(daughter.order(bill_id)).json
    walked["looked up"] = watch.everywhere(known_ids(father))

    mandate_id = give_mandate(watch.daughter, father, "pay", "view_code")
    bills = watch.keep(daughter.bills(father.actor.person_id))
    assert bills.status_code == 200
    walked["mandated"] = watch.everywhere(known_ids(father))

    client.delete(f"/api/v1/family/mandates/{mandate_id}", headers=father.headers)
    assert watch.keep(daughter.bills(father.actor.person_id)).status_code == 404
    walked["ended"] = watch.everywhere(known_ids(father))

    ended = give_mandate(watch.daughter, father)
    yesterday = clock.legal_today() - timedelta(days=1)
    session.execute(update(Mandate).where(Mandate.id == ended).values(until=yesterday))
    session.commit()
    assert watch.keep(daughter.bills(father.actor.person_id)).status_code == 404
    walked["ran out"] = watch.everywhere(known_ids(father))

    watch.keep(daughter.post(f"/api/v1/orders/{order['id']}/cancel"))
    print(f"\nanswers searched n = {len(watch.answers)}: {walked}")
    assert min(walked.values()) > 20
    assert watch.found(father) == []


def test_the_search_finds_what_is_planted(watch, father):
    """The watcher itself is watched: what it must find, it finds."""
    for kind, secret in secrets_of(father).items():
        watch.answers = [("/planted", f"x{secret}y")]
        assert kind in {found for found, _ in watch.found(father)}


def test_every_object_that_tells_of_the_father_has_the_allowed_fields_only(
    watch, father, payer, give_mandate
):
    daughter = payer(watch.daughter)
    give_mandate(watch.daughter, father, "pay", "view_code")
    (found,) = daughter.look_up(father).json["items"]
    (listed,) = daughter.bills(father.actor.person_id).json["items"]
    assert set(found) == set(listed) == ALLOWED["bills"]
    assert set(found["beneficiary"]) == {"masked_name"}
    assert set(listed["beneficiary"]) == {"person_id", "masked_name"}
    (line,) = daughter.order(found["id"]).json["lines"]
    assert set(line) == ALLOWED["lines"]
    assert set(line["beneficiary"]) == {"masked_name"}
    _, member = daughter.get("/api/v1/family/members").json["items"]
    assert set(member) == ALLOWED["members"]
    (mandate,) = daughter.get("/api/v1/family/mandates").json["items"]
    assert set(mandate) == ALLOWED["mandates"]


def test_the_father_learns_of_his_daughter_only_her_masked_name(
    app, client, watch, father, payer, give_mandate, known_ids, monkeypatch
):
    daughter = watch.daughter
    give_mandate(daughter, father, "pay")
    (bill,) = payer(daughter).bills(father.actor.person_id).json["items"]
    payer(daughter).order(bill["id"])
    his = Watch(app, client, father)
    his.everywhere([*known_ids(daughter), daughter.actor.person_id])
    told = {
        "name": daughter.name,
        "number": daughter.document_number,
        "phone": daughter.phone[3:],
        "account": str(daughter.actor.citizen_id),
    }
    found = [
        (kind, path)
        for path, said in his.answers
        for kind, secret in told.items()
        if secret in said
    ]
    assert found == []
