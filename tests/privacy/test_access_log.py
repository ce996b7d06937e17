"""Who used my data: all of it, in words, and nothing that names an id or a member of staff."""

import ast
import json
import re
import uuid
from pathlib import Path

import pytest
from health_support import HEALTHY, Door, staffed_venue

from app.audit import words
from app.audit.services import Act, act_of, for_person, record
from app.core import clock
from app.core.types import Actor
from app.identity.documents import mask_name
from app.identity.staff.models import UNIT_KINDS, Unit
from composition import SUBSCRIPTIONS, TASKS

ROOT = Path(__file__).resolve().parents[2]


def test_a_scan_at_a_door_is_told_with_the_venue_and_not_its_staff(
    stubs, client, core, invent, see_log
):
    person, staff = invent(), invent()
    code = client.put("/api/v1/health-code/declaration", json=HEALTHY, headers=person.headers).json[
        "code"
    ]
    Door(client, staff, staffed_venue(core, staff.actor.account, "武汉站")).scan(code)
    (item,) = see_log(person)
    assert item["who"] == {"kind": "verifier", "name": "武汉站"}
    assert (item["what"], item["why"]) == ("核验了您的健康码", "进入场所")
    assert see_log(person, **{"Accept-Language": "en"})[0]["what"] == "checked your health code"
    assert staff.name not in json.dumps(item, ensure_ascii=False)


def test_a_use_of_my_mandate_is_told_with_the_masked_name(session, invent, see_log):
    mother, daughter = invent(), invent()
    record(session, for_person(daughter.actor, "healthcode.open_for", mother.actor.person))
    session.commit()
    (item,) = see_log(mother)
    assert item["who"] == {"kind": "citizen", "name": mask_name(daughter.name)}
    assert (item["on_my_behalf"], item["refused"]) == (True, False)
    assert see_log(daughter) == []


def test_what_i_do_myself_and_what_concerns_others_is_not_in_it(session, invent, see_log):
    me, other = invent(), invent()
    record(session, act_of(me.actor, "payments.lookup", subject_id=me.actor.person))
    record(session, act_of(me.actor, "payments.lookup", subject_id=other.actor.person))
    record(session, act_of(me.actor, "payments.lookup"))
    session.commit()
    assert see_log(me) == []
    assert len(see_log(other)) == 1


def test_an_officers_look_is_told_with_the_office(session, invent, see_log):
    me, office = invent(), uuid.uuid4()
    unit = Unit(
        id=office,
        parent_id=None,
        name="武昌区政务服务中心",
        region_code="420106000000",
        kind=UNIT_KINDS[0],
        created_at=clock.now(),
    )
    session.add(unit)
    session.flush()
    actor = Actor("officer", officer_id=uuid.uuid4(), unit_id=office)
    record(session, act_of(actor, "payments.lookup", subject_id=me.actor.person))
    session.commit()
    assert see_log(me)[0]["who"] == {"kind": "officer", "name": "武昌区政务服务中心"}


@pytest.mark.parametrize("kind", ["officer", "department", "system", "verifier", "citizen"])
def test_nobody_is_told_an_internal_id_whoever_acted(session, invent, see_log, kind):
    me = invent()
    ids = [uuid.uuid4() for _ in range(6)]
    act = Act("test.unheard_of", kind, ids[0], me.actor.person, *ids[2:6], reason="secret-reason")
    record(session, act)
    session.commit()
    (item,) = see_log(me)
    text = json.dumps(item)
    assert not [each for each in (*ids, me.actor.person) if str(each) in text]
    assert "secret-reason" not in text
    assert item["who"]["kind"] == kind
    assert item["who"]["name"]
    assert item["what"] == "处理了您的信息"


def test_it_is_read_page_by_page_and_each_use_is_told_once(session, client, invent):
    me, other = invent(), invent()
    for _ in range(7):
        record(session, act_of(other.actor, "payments.lookup", subject_id=me.actor.person))
    session.commit()
    seen, cursor = [], None
    for _ in range(4):
        query = "?limit=2" + (f"&cursor={cursor}" if cursor else "")
        page = client.get(f"/api/v1/me/access-log{query}", headers=me.headers).json
        seen += [item["at"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert cursor is None
    assert len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)


def test_a_page_costs_the_same_however_many_acted(session, invent, see_log, count_sql):
    costs = []
    for acts in (2, 12):
        me = invent()
        for _ in range(acts):
            record(session, act_of(invent().actor, "payments.lookup", subject_id=me.actor.person))
        session.commit()
        with count_sql() as seen:
            assert len(see_log(me)) == acts
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 4


def test_without_a_proved_name_there_is_nothing_to_look_up(client, invent):
    answer = client.get("/api/v1/me/access-log", headers=invent(level="phone").headers)
    assert (answer.status_code, answer.json["level"]) == (403, "real_name")


def actions_in(path):
    """Whatever looks like an action in a file that writes audit rows."""
    tree = ast.parse(path.read_text())
    form = re.compile(r"[a-z]+\.[a-z_]+")
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and form.fullmatch(value):
            yield value


def test_every_action_about_a_person_has_words():
    other = {each.name for each in TASKS} | {each.event.NAME for each in SUBSCRIPTIONS}
    sources = [
        path
        for folder in ("app", "healthcode", "push", "api")
        for path in (ROOT / folder).rglob("*.py")
        if "app.audit.services" in path.read_text()
    ]
    found = {name for path in sources for name in actions_in(path)} - other
    assert len(found) > 5
    known = {action for action, _ in words.known()}
    # Acts about staff and about sites are not about a person's data.
    beside = ("staff.", "openid.client_", "openid.proposal_")
    assert {name for name in found if not name.startswith(beside)} <= known


def test_an_actor_of_an_organisation_and_an_officer_are_recorded_as_such():
    ids = [uuid.uuid4() for _ in range(3)]
    officer = act_of(Actor("officer", officer_id=ids[0], unit_id=ids[1]), "staff.look")
    assert (officer.actor_id, officer.unit_id, officer.actor_kind) == (ids[0], ids[1], "officer")
    citizen = Actor("citizen", citizen_id=ids[0], organisation_id=ids[2])
    assert act_of(citizen, "staff.look").organisation_id == ids[2]
