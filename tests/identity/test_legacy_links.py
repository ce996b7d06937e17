"""Who proves the real name gets what departments know of them, and may do without it."""

import pytest
from legacy_support import SOURCE, a_row, enter, prove, row_of, write
from sqlalchemy import select
from support import recorded

from app.audit.models import AuditRow
from app.core.db import unit_of_work
from app.core.events import dispatcher
from app.core.ids import new_id
from app.identity.accounts import lock_accounts
from app.identity.events import RealNameProved, WayInChanged
from app.identity.legacy import jobs, linking
from app.identity.legacy.models import LegacyUser
from app.identity.legacy.personal_data import part
from app.identity.life import merges
from app.privacy.parts import erase_everywhere
from composition import PARTS, SUBSCRIPTIONS

PATH = "/api/v1/me/linked-accounts"


@pytest.fixture
def bring(app, core, tmp_path):
    """`bring(*rows)`: import them."""
    enter(core)

    def call(*rows, source=SOURCE):
        path = write(tmp_path / f"{new_id().hex}.csv", rows)
        words = ["legacy", "import", str(path), "--source", source]
        with app.app_context():
            done = app.test_cli_runner().invoke(args=words)
        assert done.exit_code == 0, done.output
        return done.output

    return call


@pytest.fixture
def mine(client):
    def read(person, **headers):
        answer = client.get(PATH, headers=person.headers | headers)
        assert answer.status_code == 200, answer.json
        return answer.json["items"]

    return read


def follow(world, session):
    """What the worker does with the news that somebody proved their name."""
    task = {each.event: each.task for each in SUBSCRIPTIONS}[RealNameProved]
    assert (task, dispatcher(SUBSCRIPTIONS).queue) == (jobs.link_legacy, "events")
    for payload in recorded(session, RealNameProved):
        task.run(world, **payload)
    session.expire_all()


def told(session, person):
    return [
        each["what"]
        for each in recorded(session, WayInChanged)
        if each["account_id"] == str(person.actor.account)
    ]


def test_whoever_is_known_is_linked_by_the_import(bring, mine, invent, session):
    person = invent()
    output = bring(row_of(person), a_row(2))
    (item,) = mine(person)
    assert item["source"] == "武汉公积金网"
    assert item["external_id_masked"] == "G********01"
    assert item["registered_at"] == "2019-05-03T16:00:00+00:00"
    assert item["unlinked_at"] is None
    assert mine(person, **{"Accept-Language": "en"})[0]["source"] == "Wuhan housing fund"
    assert told(session, person) == ["legacy_linked"]
    linked = select(AuditRow).where(AuditRow.action == "identity.link_legacy")
    (act,) = session.scalars(linked).all()
    assert (act.subject_id, str(act.object_id)) == (person.actor.person, item["id"])
    assert "link" not in output


def test_the_command_says_the_same_whether_or_not_somebody_is_known(bring, invent):
    known, stranger = bring(row_of(invent())), bring(a_row(9))
    assert known.splitlines()[-1] == stranger.splitlines()[-1]


def test_proving_the_real_name_links_all_departments_and_tells_once(
    bring, core, world, session, invent, mine
):
    enter(core, "wuhan-yb")
    row = a_row(4)
    bring(row, a_row(5))
    bring(row, source="wuhan-yb")
    person = invent(level="phone")
    prove(core, person.actor.account, row["name"], row["document_number"])
    for _ in range(2):
        follow(world, session)
    rows = session.scalars(select(LegacyUser).where(LegacyUser.linked_at.is_not(None))).all()
    assert {each.source for each in rows} == {SOURCE, "wuhan-yb"}
    assert {each.linked_account_id for each in rows} == {person.actor.account}
    assert told(session, person) == ["legacy_linked"]


def test_a_phone_alone_links_nothing(bring, invent, session, client):
    person = invent(level="phone")
    bring(a_row(3, phone=person.phone))
    assert session.scalars(select(LegacyUser.linked_account_id)).all() == [None]
    assert told(session, person) == []
    answer = client.get(PATH, headers=person.headers)
    assert (answer.status_code, answer.json["code"]) == (403, "step_up_required")


def test_the_same_number_with_another_name_is_not_linked(bring, invent, mine, session):
    person = invent()
    bring(row_of(person, name="别人"))
    assert mine(person) == []
    bring(row_of(person))
    assert len(mine(person)) == 1


def test_an_unlinked_account_stays_unlinked_until_its_owner_links_it(
    bring, invent, mine, client, session
):
    person = invent()
    bring(row_of(person))
    (item,) = mine(person)
    for _ in range(2):
        answer = client.delete(f"{PATH}/{item['id']}", headers=person.headers)
        assert answer.status_code == 204
    bring(row_of(person))
    bring(row_of(person, phone="19800000077"))
    (again,) = mine(person)
    assert again["unlinked_at"] is not None
    answer = client.post(f"{PATH}/{item['id']}/link", headers=person.headers)
    assert answer.status_code == 204
    assert mine(person)[0]["unlinked_at"] is None
    assert told(session, person) == ["legacy_linked"]
    own = select(AuditRow.action).where(AuditRow.actor_id == person.actor.account)
    assert sorted(session.scalars(own).all()) == ["identity.link_legacy", "identity.unlink_legacy"]


def test_somebody_elses_link_is_like_an_unknown_one(bring, invent, mine, client):
    owner, other = invent(), invent()
    bring(row_of(owner))
    (item,) = mine(owner)
    for method, path in (("DELETE", "{}"), ("POST", "{}/link")):
        answers = []
        for named in (item["id"], new_id()):
            url = f"{PATH}/{path.format(named)}"
            answer = client.open(url, method=method, headers=other.headers)
            answers.append((answer.status_code, answer.json | {"trace_id": None}))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    assert mine(other) == []
    assert mine(owner)[0]["unlinked_at"] is None


def test_a_document_that_the_department_corrects_takes_the_link_along(bring, invent, mine, session):
    wrong, right = invent(), invent()
    bring(row_of(wrong))
    assert len(mine(wrong)) == 1
    bring(row_of(right))
    assert mine(wrong) == []
    assert len(mine(right)) == 1
    acts = select(AuditRow).where(AuditRow.action == "identity.unlink_legacy")
    (act,) = session.scalars(acts).all()
    assert (act.subject_id, act.reason) == (wrong.actor.person, "document_changed")


def test_a_merge_and_its_undo_leave_the_links_with_the_person(bring, invent, mine, core):
    person, other = invent(), invent(level="phone")
    bring(row_of(person))
    before = mine(person)
    with unit_of_work(core) as session:
        own, ended = lock_accounts(session, person.actor.account, other.actor.account)
        merged = merges.absorb(session, own, ended, undo=merges.UNDO).id
    assert mine(person) == before
    with unit_of_work(core) as session:
        merges.undo(session, person.actor, merged)
    assert mine(person) == before


def test_the_owners_copy_has_everything_and_closing_erases_it(bring, invent, session):
    person, other = invent(), invent()
    bring(row_of(person), row_of(other, external_id="GJJ2"))
    (section,) = part.export(session, person.actor.account, person.actor.person)
    (row,) = section.rows
    assert row["external_id"] == "GJJ00000001"
    assert (row["name"], row["document_number"]) == (person.name, person.document_number)
    assert row["phone"] == person.phone
    for _ in range(2):
        erase_everywhere(session, PARTS, person.actor.account, person.actor.person)
    left = session.scalars(select(LegacyUser.linked_account_id)).all()
    assert left == [other.actor.account]


@pytest.mark.parametrize(
    ("external_id", "shown"),
    [
        ("GJJ00000001", "G********01"),
        ("42999919880314386X", "429***********386X"),
        ("ab12", "****"),
    ],
)
def test_a_name_in_a_system_is_shown_masked(external_id, shown):
    assert linking.mask_external_id(external_id) == shown
