"""Knocks: through firebase-admin to the stand-in, each on its own feet, tried again, given up."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import select, text, update
from stage import Stage

from app.connectors.world import build_world
from app.core import clock
from app.core.db import unit_of_work
from app.core.ids import new_id
from push import delivery, devices, evaluating
from push.devices import Registration
from push.jobs import deliver_batch
from push.models import Delivery, Notice, PushDevice
from push.providers import fcm
from push.providers.base import Result

#: One of each kind of bad token, and what is to become of its knock and its phone.
BAD = {
    "bad-unregistered-1": ("dropped", "unregistered", "unregistered"),
    "bad-sender-1": ("dropped", "sender_mismatch", "sender_mismatch"),
    "bad-argument-1": ("dropped", "bad_token", "bad_token"),
    "bad-quota-60-1": ("pending", "quota", None),
    "bad-apns-1": ("pending", "apns_refuses_us", None),
    "bad-unavailable-1": ("pending", "unavailable", None),
    "bad-internal-1": ("pending", "unavailable", None),
}


def notice_for(session, account, rule="payment-result"):
    """A notice that was just made, of a rule that rings at any hour or of one that does not."""
    params = {"amount": 1, "number": "HB1", "lines": 1}
    row = Notice(
        id=new_id(),
        rule=rule,
        rule_version=1,
        wording="paid" if rule == "payment-result" else "own",
        recipient_account_id=account,
        subject_key=f"order:{new_id()}",
        period="paid",
        category="payment",
        params=params,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row.id


def queue(core, person, device_ids, *, rule="payment-result", notice=None):
    """One notice, due to knock on these phones."""
    with unit_of_work(core) as session:
        notice = notice or notice_for(session, person.actor.account, rule)
        for device_id in device_ids:
            session.add(
                Delivery(
                    notice_id=notice,
                    device_id=device_id,
                    state="pending",
                    urgent=rule == "payment-result",
                    tries=0,
                    next_try_at=clock.now(),
                )
            )
    return notice


def register(core, person, tokens, language="zh"):
    with unit_of_work(core) as session:
        return {
            token: devices.register(session, person.actor, Registration("fcm", token, (), language))
            for token in tokens
        }


def states(core):
    """Device → (state, last error, tries)."""
    with core.session() as session:
        rows = session.execute(
            select(Delivery.device_id, Delivery.state, Delivery.last_error, Delivery.tries)
        )
        return {row[0]: tuple(row[1:]) for row in rows}


def messages(stubs, token):
    with urlopen(f"{stubs}/fcm/messages?token={token}") as answer:
        return json.load(answer)


@pytest.fixture
def break_fcm(stubs):
    """`break_fcm("error")` takes the stand-in down until the test ends."""

    def put(mode, **more):
        body = json.dumps({"party": "fcm", "mode": mode, **more}).encode()
        head = {"Content-Type": "application/json"}
        with urlopen(Request(f"{stubs}/simulate/outage", body, head)):
            pass

    yield put
    put("ok")


def test_one_bad_token_of_each_kind_does_not_spoil_a_batch_of_a_hundred(
    core, world, stubs, carrier, invent, monkeypatch
):
    monkeypatch.setattr(devices, "MOST", 100)
    person = invent(level="phone")
    good = [f"good-{new_id()}" for _ in range(100 - len(BAD))]
    phones = register(core, person, [*good, *BAD])
    notice = queue(core, person, phones.values())
    began = clock.now()
    deliver_batch.run(world)
    assert clock.now() - began < timedelta(seconds=20)
    found = states(core)
    for token in good:
        assert found[phones[token]] == ("sent", None, 1)
        (message,) = messages(stubs, token)
        assert message["data"] == {"notice_id": str(notice)}
    with core.session() as session:
        dropped = dict(session.execute(select(PushDevice.id, PushDevice.dropped_because)).all())
        rung = session.scalars(
            select(PushDevice.last_ok_at).where(PushDevice.id == phones[good[0]])
        )
        assert rung.one() is not None
    for token, (state, error, because) in BAD.items():
        assert found[phones[token]][:2] == (state, error), token
        assert dropped[phones[token]] == because, token


def test_a_knock_says_nothing_but_which_notice_to_fetch(core, world, stubs, carrier, stage):
    stage.person("son")
    stage.person("mother")
    son = stage.accounts["son"]
    tokens = [f"zh-{new_id()}", f"en-{new_id()}"]
    register(core, son, tokens[:1])
    register(core, son, tokens[1:], "en")
    stage.bill("bill", "mother")
    stage.order("order", "son", ["bill"], "settled")
    with unit_of_work(core) as session:
        evaluating.follow(session, "payments.line_settled", {"line_id": str(stage.lines["bill"])})
    deliver_batch.run(world)
    (chinese,), (english,) = (messages(stubs, token) for token in tokens)
    assert chinese["notification"] == {"title": "汇办", "body": "您有一条缴费结果，请登录后查看。"}
    assert english["notification"] == {
        "title": "Huiban",
        "body": "News of a payment. Sign in to read it.",
    }
    assert chinese["collapse_key"] == chinese["data"]["notice_id"]
    assert chinese["apns"]["headers"]["apns-collapse-id"] == chinese["data"]["notice_id"]
    assert set(chinese["data"]) == {"notice_id"}
    whole = json.dumps([chinese, english], ensure_ascii=False)
    for secret in (son.name, stage.accounts["mother"].name, "400.00", "医疗", son.document_number):
        assert secret not in whole


def test_a_silent_carrier_is_asked_again_later_and_given_up_after_five_times(
    core, world, stubs, carrier, invent, break_fcm, monkeypatch
):
    person = invent(level="phone")
    (device,) = register(core, person, ["patient"]).values()
    queue(core, person, [device])
    break_fcm("error")
    now, waits = clock.now(), []
    for number in range(1, 6):
        monkeypatch.setattr(clock, "now", lambda at=now: at)
        deliver_batch.run(world)
        state, _, tries = states(core)[device]
        assert (state, tries) == ("pending" if number < 5 else "failed", number)
        deliver_batch.run(world)
        assert states(core)[device][2] == number, "tried again before its time"
        with core.session() as session:
            next_try = session.scalars(select(Delivery.next_try_at)).one()
        waits.append((next_try - now).total_seconds())
        now = next_try
    assert waits[:4] == sorted(waits[:4])
    assert waits[0] >= 10
    assert waits[3] >= 600
    with core.session() as session:
        assert session.scalars(select(PushDevice.dropped_at)).one() is None


def test_a_token_endpoint_that_is_down_loses_nothing(
    core, world, stubs, configured, invent, break_fcm, parties_keys
):
    person = invent(level="phone")
    token = f"later-{new_id()}"
    (device,) = register(core, person, [token]).values()
    queue(core, person, [device])
    break_fcm("error")
    fcm.provider.cache_clear()
    made = fcm.provider(configured.fcm)
    deliver_batch.run(world)
    assert states(core)[device][:2] == ("pending", "no_access_token")
    break_fcm("ok")
    with unit_of_work(core) as session:
        session.execute(update(Delivery).values(next_try_at=clock.now()))
    deliver_batch.run(world)
    assert states(core)[device][0] == "sent"
    made.close()
    fcm.provider.cache_clear()


@pytest.mark.parametrize(
    ("result", "tries", "least", "most"),
    [
        (Result("again", "unavailable"), 1, 10, 12),
        (Result("again", "unavailable"), 2, 40, 48),
        (Result("again", "unavailable"), 4, 640, 768),
        (Result("again", "quota"), 1, 60, 72),
        (Result("again", "quota", 600), 1, 600, 720),
    ],
)
def test_waits_grow_and_are_never_shorter_than_asked(result, tries, least, most):
    assert all(least <= delivery.wait(tries, result) <= most for _ in range(50))


def test_a_phone_that_is_gone_is_not_tried_for_its_other_notices(
    core, world, stubs, carrier, invent
):
    person = invent(level="phone")
    (device,) = register(core, person, ["bad-unregistered-twice"]).values()
    for _ in range(3):
        queue(core, person, [device])
    with unit_of_work(core) as session:
        late = session.scalars(select(Delivery)).all()[-1]
        late.next_try_at = clock.now() + timedelta(hours=1)
    deliver_batch.run(world)
    with core.session() as session:
        assert set(session.scalars(select(Delivery.state))) == {"dropped"}


def test_a_phone_that_changed_hands_does_not_ring_for_its_former_owner(
    core, world, stubs, carrier, invent
):
    before, now = invent(level="phone"), invent(level="phone")
    token = f"shared-{new_id()}"
    (device,) = register(core, before, [token]).values()
    queue(core, before, [device])
    register(core, now, [token])
    deliver_batch.run(world)
    assert states(core)[device][:2] == ("dropped", "device_moved")
    assert messages(stubs, token) == []


def test_a_reminder_left_over_at_ten_in_the_evening_waits_until_eight(
    core, world, stubs, carrier, invent, at
):
    person = invent(level="phone")
    token = f"evening-{new_id()}"
    (device,) = register(core, person, [token]).values()
    night = at("2026-03-01T22:00")
    queue(core, person, [device], rule="resident-id-expiry")
    deliver_batch.run(world)
    with core.session() as session:
        row = session.scalars(select(Delivery)).one()
    assert (row.state, row.tries, row.next_try_at - night) == ("pending", 0, timedelta(hours=10))
    at("2026-03-02T08:00")
    deliver_batch.run(world)
    assert states(core)[device][0] == "sent"
    assert len(messages(stubs, token)) == 1


def test_urgent_knocks_go_before_those_that_waited_longer(core, invent, monkeypatch):
    monkeypatch.setattr(delivery, "GROUP", 2)
    person = invent(level="phone")
    phones = list(register(core, person, [f"t{n}" for n in range(3)]).values())
    queue(core, person, phones[:2])
    with unit_of_work(core) as session:
        earlier = clock.now() - timedelta(hours=1)
        session.execute(update(Delivery).values(urgent=False, next_try_at=earlier))
    queue(core, person, phones[2:])
    with unit_of_work(core) as session:
        claimed = {each.device_id for each in delivery.claim(session).claimed}
    assert phones[2] in claimed
    assert len(claimed) == 2


def test_what_a_dead_worker_had_claimed_is_taken_over_when_its_lease_ends(
    core, world, stubs, carrier, invent, monkeypatch
):
    person = invent(level="phone")
    token = f"orphan-{new_id()}"
    (device,) = register(core, person, [token]).values()
    notice = queue(core, person, [device])
    with unit_of_work(core) as session:
        lost = delivery.claim(session)
    carrier.send(lost.knocks)
    # The worker dies here, after the carrier has the message and before that is written down.
    deliver_batch.run(world)
    assert states(core)[device] == ("pending", None, 1)
    later = clock.now() + delivery.LEASE
    monkeypatch.setattr(clock, "now", lambda: later)
    deliver_batch.run(world)
    assert states(core)[device] == ("sent", None, 2)
    (message,) = messages(stubs, token)
    assert (message["replaced"], message["data"]["notice_id"]) == (1, str(notice))
    # The dead one speaks up after all: nothing changes.
    with unit_of_work(core) as session:
        delivery.settle(session, lost, [Result("gone", "unregistered")])
    assert states(core)[device] == ("sent", None, 2)


def test_a_knock_nobody_ever_answered_for_is_given_up(core, invent, monkeypatch):
    person = invent(level="phone")
    (device,) = register(core, person, ["silent"]).values()
    queue(core, person, [device])
    now = clock.now()
    for _ in range(delivery.TRIES + 1):
        monkeypatch.setattr(clock, "now", lambda at=now: at)
        with unit_of_work(core) as session:
            delivery.claim(session)
        now += delivery.LEASE
    assert states(core)[device] == ("failed", "no_answer", delivery.TRIES)


def test_one_unreadable_token_does_not_spoil_a_batch(core, world, stubs, carrier, invent):
    person = invent(level="phone")
    token = f"fine-{new_id()}"
    phones = register(core, person, [token, "damaged"])
    with unit_of_work(core) as session:
        session.get_one(PushDevice, phones["damaged"]).token_sealed = b"damaged"
    queue(core, person, phones.values())
    deliver_batch.run(world)
    found = states(core)
    assert found[phones[token]][0] == "sent"
    assert found[phones["damaged"]][:2] == ("dropped", "unreadable")


def test_a_notice_by_a_rule_this_worker_does_not_know_waits_for_one_that_does(core, invent):
    person = invent(level="phone")
    phones = list(register(core, person, ["t1", "t2"]).values())
    queue(core, person, phones[:1])
    strange = queue(core, person, phones[1:])
    with unit_of_work(core) as session:
        session.get_one(Notice, strange).rule_version = 99
    with unit_of_work(core) as session:
        assert [each.device_id for each in delivery.claim(session).claimed] == phones[:1]
    assert states(core)[phones[1]] == ("pending", "rule_unknown", 1)


def test_more_than_a_job_may_send_goes_on_as_another_job(
    core, world, stubs, carrier, invent, monkeypatch
):
    monkeypatch.setattr(delivery, "GROUP", 2)
    monkeypatch.setattr(delivery, "JOB", 4)
    person = invent(level="phone")
    phones = register(core, person, [f"many-{n}-{new_id()}" for n in range(5)])
    queue(core, person, phones.values())
    deliver_batch.run(world)
    assert sorted(state for state, _, _ in states(core).values()) == ["pending"] + ["sent"] * 4
    with core.session() as session:
        rows = session.execute(text("SELECT task_name, args::text FROM procrastinate_jobs")).all()
    assert ("push.deliver_batch", "{}") in [tuple(row) for row in rows]
    deliver_batch.run(world)
    assert {state for state, _, _ in states(core).values()} == {"sent"}


def test_jobs_that_go_on_are_few_however_many_were_begun(
    core, world, stubs, carrier, invent, monkeypatch
):
    monkeypatch.setattr(delivery, "GROUP", 2)
    monkeypatch.setattr(delivery, "JOB", 2)
    person = invent(level="phone")
    phones = register(core, person, [f"lanes-{n}-{new_id()}" for n in range(7)])
    queue(core, person, phones.values())
    begun = []
    # Each run stands for one of the jobs that are there.
    for others in (0, delivery.LANES - 1, delivery.LANES):
        with unit_of_work(core) as session:
            session.execute(text("DELETE FROM procrastinate_jobs"))
            for _ in range(others + 1):
                delivery.start(session, 1)
        deliver_batch.run(world)
        with core.session() as session:
            there = session.scalar(text("SELECT count(*) FROM procrastinate_jobs"))
        begun.append(there - others - 1)
    assert begun == [1, 1, 0]


def test_workers_side_by_side_knock_once_for_each(live_core, stubs, carrier, monkeypatch):
    monkeypatch.setattr(devices, "MOST", 200)
    monkeypatch.setattr(delivery, "GROUP", 10)
    monkeypatch.setattr(delivery, "JOB", 100)
    stage = Stage(live_core)
    stage.person("me")
    me = stage.accounts["me"]
    phones = register(live_core, me, [f"side-{n}-{new_id()}" for n in range(60)])
    queue(live_core, me, phones.values())
    world = build_world(live_core, waiters=1)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: deliver_batch.run(world), range(4)))
    assert {state for state, _, _ in states(live_core).values()} == {"sent"}
    for token in phones:
        (message,) = messages(stubs, token)
        assert message["replaced"] == 0
    for party in (world.sms, world.wechat, world.population, world.health_authority):
        party.close()
