"""Two accounts of one person become one, after proof of both phones; and two again."""

import threading
from datetime import timedelta

import pytest
from lives import code_for, sign_in, wrong
from sqlalchemy import func, select
from support import make_person

from app.audit.models import AuditRow
from app.connectors.world import build_world
from app.core import clock
from app.core.db import unit_of_work
from app.core.events import RecordedEvent
from app.identity import personal_data
from app.identity.accounts import phone_of
from app.identity.life import merges
from app.identity.life.models import Merge, MergedThing
from app.identity.models import Account, SessionFamily, WechatLink
from app.identity.states import ACCOUNT, MoveRefused, move
from composition import web_app
from push.jobs import follow_merge
from push.models import PushDevice

MERGES = "/api/v1/me/merges"


@pytest.fixture
def merge(client, core):
    """Merge `other` into `mine`; what is not given is right."""

    def send(mine, other, **changed):
        body = {
            "other_phone": other.phone,
            "code": code_for(core, other.phone, "merge"),
            "own_code": code_for(core, mine.phone, "merge"),
            **changed,
        }
        return client.post(MERGES, json=body, headers=mine.headers)

    return send


@pytest.fixture
def two(invent, session):
    """Somebody with a real name, and their other account, with what belongs to it."""
    mine, other = invent(), invent(level="phone")
    session.add(
        WechatLink(
            openid="openid-of-the-other",
            account_id=other.actor.account,
            unionid=None,
            linked_at=clock.now(),
        )
    )
    session.add(
        PushDevice(
            account_id=other.actor.account,
            id=other.actor.session_id,
            channel="fcm",
            token_sealed=b"-",
            token_digest=b"-",
            template_ids=[],
            language="zh",
            created_at=clock.now(),
            registered_at=clock.now(),
        )
    )
    session.commit()
    return mine, other


def account_of(session, person):
    return session.get(Account, person.actor.account, populate_existing=True)


def snapshot(session, person):
    """What belongs to the account, apart from its sessions."""
    account = account_of(session, person)
    session.expire_all()
    owned = [
        sorted(map(str, session.scalars(select(column).where(owner == account.id))))
        for column, owner in (
            (WechatLink.openid, WechatLink.account_id),
            (PushDevice.id, PushDevice.account_id),
        )
    ]
    phone = phone_of(session, account) if account.phone_sealed else None
    return account.state, account.level, account.person_id, phone, *owned


def run_events(session, world):
    for row in session.scalars(
        select(RecordedEvent).where(RecordedEvent.name == "identity.merge_changed")
    ).all():
        follow_merge.run(world, **row.payload)


def test_what_belongs_to_the_account_moves_and_undo_restores_exactly(
    two, merge, session, client, world
):
    mine, other = two
    before = snapshot(session, mine), snapshot(session, other)
    made = merge(mine, other)
    assert (made.status_code, made.json["state"]) == (201, "done")
    run_events(session, world)
    state, _, _, phone, links, devices = snapshot(session, other)
    assert (state, phone, links, devices) == ("merged", None, [], [])
    assert snapshot(session, mine)[4:] == before[1][4:]
    ended = session.get(SessionFamily, other.actor.session_id, populate_existing=True)
    assert ended.ended_because == "merged"
    run_events(session, world)
    path = f"{MERGES}/{made.json['id']}/undo"
    assert client.post(path, headers=mine.headers).json["state"] == "undone"
    run_events(session, world)
    assert (snapshot(session, mine), snapshot(session, other)) == before
    again = client.post(path, headers=mine.headers)
    assert (again.status_code, again.json["code"]) == (409, "merge_over")
    acts = select(AuditRow.action).where(AuditRow.object_id == made.json["id"])
    assert sorted(session.scalars(acts)) == ["identity.merge_accounts", "identity.undo_merge"]


@pytest.mark.parametrize("field", ["code", "own_code"])
def test_one_proved_phone_is_not_enough(two, merge, session, core, field):
    mine, other = two
    phone = other.phone if field == "code" else mine.phone
    answer = merge(mine, other, **{field: wrong(code_for(core, phone, "merge"))})
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])
    assert account_of(session, other).state == "active"


def test_a_real_name_never_ends_in_another_account(invent, merge, session):
    mine, other, nameless = invent(), invent(), invent(level="phone")
    assert merge(mine, other).json["code"] == "merge_of_two_persons"
    assert merge(nameless, other).json["code"] == "merge_from_the_other"
    assert merge(mine, mine).json["code"] == "same_phone"
    assert account_of(session, other).state == "active"


def test_a_number_that_is_no_phone_is_said_at_its_field(two, client):
    mine, _ = two
    body = {"other_phone": "12345", "code": "000000", "own_code": "000000"}
    answer = client.post(MERGES, json=body, headers=mine.headers)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["other_phone"])


def test_a_phone_without_an_account_has_nothing_to_merge(invent, merge, core):
    answer = merge(
        invent(),
        invent(),
        other_phone="+8619933330001",
        code=code_for(core, "+8619933330001", "merge"),
    )
    assert answer.status_code == 404


def test_anothers_merge_is_unknown_and_thirty_days_are_the_limit(
    two, merge, session, client, invent
):
    mine, other = two
    path = f"{MERGES}/{merge(mine, other).json['id']}/undo"
    assert client.post(path, headers=invent().headers).status_code == 404
    assert client.get(MERGES, headers=invent().headers).json["items"] == []
    row = session.scalars(select(Merge)).one()
    row.undo_until = clock.now() - timedelta(seconds=1)
    session.commit()
    assert client.post(path, headers=mine.headers).json["code"] == "merge_over"
    assert merges.finish_overdue(session) == 1
    session.commit()
    row = session.scalars(select(Merge)).one()
    assert (row.state, row.phone_sealed) == ("final", None)
    assert session.scalars(select(func.count()).select_from(MergedThing)).one() == 0
    assert client.get(MERGES, headers=mine.headers).json["items"][0]["state"] == "final"


def test_a_phone_that_opened_an_account_since_cannot_be_taken_back(
    two, merge, session, client, core
):
    mine, other = two
    path = f"{MERGES}/{merge(mine, other).json['id']}/undo"
    fresh = sign_in(core, client, other.phone)
    assert fresh["citizen"]["id"] not in (str(mine.actor.account), str(other.actor.account))
    assert client.post(path, headers=mine.headers).json["code"] == "phone_taken_since"
    assert account_of(session, other).state == "merged"


def test_the_ended_accounts_token_is_refused_at_once(two, merge, core, client):
    mine, other = two
    assert merge(mine, other).status_code == 201
    with unit_of_work(core) as session:
        assert session.get(SessionFamily, other.actor.session_id).ended_at
    body = {"refresh_token": other.refresh_token}
    assert client.post("/api/v1/auth/sessions/refresh", json=body).status_code == 401


def test_the_table_refuses_what_it_does_not_name():
    for state, by in (("merged", "come_back"), ("closed", "come_back"), ("closing", "merge")):
        with pytest.raises(MoveRefused):
            move(ACCOUNT, state, by)


@pytest.fixture
def at_once(live_core):
    """Run these together on a database that really commits; answers what each returned."""
    app = web_app(build_world(live_core, waiters=4))

    def run(*calls):
        gate, answers = threading.Barrier(len(calls)), [None] * len(calls)

        def one(place, call):
            gate.wait()
            answers[place] = call(app.test_client())

        threads = [threading.Thread(target=one, args=each) for each in enumerate(calls)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
        return answers

    return run


def post_merge(core, mine, other, codes):
    body = {"other_phone": other.phone, "code": codes[0], "own_code": codes[1]}
    return lambda client: client.post(MERGES, json=body, headers=mine.headers)


def test_two_merges_of_one_account_at_once_leave_one(live_core, at_once):
    for _ in range(5):
        first, second = make_person(live_core), make_person(live_core)
        other = make_person(live_core, "phone")
        code = code_for(live_core, other.phone, "merge")
        calls = [
            post_merge(live_core, each, other, (code, code_for(live_core, each.phone, "merge")))
            for each in (first, second)
        ]
        codes = sorted(each.status_code for each in at_once(*calls))
        assert codes[0] == 201, codes
        assert codes[1] in (404, 422, 503), codes
        with unit_of_work(live_core) as session:
            made = select(func.count()).where(Merge.other_id == other.actor.account)
            assert session.scalar(made.select_from(Merge)) == 1


def test_a_sign_in_during_a_merge_never_opens_the_account_that_ended(live_core, at_once):
    for _ in range(10):
        mine, other = make_person(live_core), make_person(live_core, "phone")
        codes = [code_for(live_core, each.phone, "merge") for each in (other, mine)]
        device = {"id": "racer", "name": "手机", "platform": "ios"}
        login = {
            "phone": other.phone,
            "code": code_for(live_core, other.phone, "login"),
            "device": device,
        }
        merged, opened = at_once(
            post_merge(live_core, mine, other, codes),
            lambda client, login=login: client.post("/api/v1/auth/sessions", json=login),
        )
        assert merged.status_code == 201, merged.json
        assert opened.status_code in (201, 503), opened.json
        with unit_of_work(live_core) as session:
            living = select(func.count()).where(
                SessionFamily.account_id == other.actor.account, SessionFamily.ended_at.is_(None)
            )
            assert session.scalar(living.select_from(SessionFamily)) == 0


def test_a_closing_account_can_be_merged_since_its_code_brings_it_back(two, merge, session):
    mine, other = two
    account_of(session, other).state = "closing"
    session.commit()
    assert merge(mine, other).status_code == 201


def test_my_copy_says_that_another_account_went_on_in_mine(two, merge, session, invent):
    mine, other = two
    assert merge(mine, other).status_code == 201
    for person, times in ((mine, 1), (invent(), 0)):
        account, known = person.actor.account, person.actor.person_id
        sections = {each.name: each.rows for each in personal_data.export(session, account, known)}
        assert [row["state"] for row in sections["merges"]] == ["done"] * times
