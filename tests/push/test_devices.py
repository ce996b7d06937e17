"""Registering phones over HTTP."""

import uuid

import pytest
from sqlalchemy import select, text

from app.core import clock
from app.core.db import unit_of_work
from app.identity.models import WechatLink
from push import devices
from push.models import PushDevice

DEVICES = "/api/v1/devices"


@pytest.fixture
def register(client):
    def send(person, **body):
        return client.post(DEVICES, json=body, headers=person.headers)

    return send


def living(core, account):
    with core.session() as session:
        mine = select(PushDevice.id).where(
            PushDevice.account_id == account, PushDevice.dropped_at.is_(None)
        )
        return set(session.scalars(mine))


def test_the_same_phone_keeps_its_id(core, register, invent):
    person = invent(level="phone")
    first = register(person, channel="fcm", token="token-one")
    assert first.status_code == 201
    assert register(person, channel="fcm", token="token-one").json == first.json
    assert register(person, channel="fcm", token="token-two").json != first.json
    assert len(living(core, person.actor.account)) == 2


def test_a_phone_belongs_to_whoever_signed_in_last(core, client, register, invent):
    before, now = invent(level="phone"), invent(level="phone")
    device = register(before, channel="fcm", token="shared").json["id"]
    assert register(now, channel="fcm", token="shared").json["id"] == device
    assert living(core, before.actor.account) == set()
    assert living(core, now.actor.account) == {uuid.UUID(device)}
    assert client.delete(f"{DEVICES}/{device}", headers=before.headers).status_code == 404


def test_a_removed_phone_is_gone_and_may_come_back(core, client, register, invent):
    person = invent(level="phone")
    device = register(person, channel="fcm", token="back").json["id"]
    gone = client.delete(f"{DEVICES}/{device}", headers=person.headers)
    assert (gone.status_code, gone.data) == (204, b"")
    assert client.delete(f"{DEVICES}/{device}", headers=person.headers).status_code == 404
    assert living(core, person.actor.account) == set()
    assert register(person, channel="fcm", token="back").json["id"] == device
    assert len(living(core, person.actor.account)) == 1


def test_another_ones_phone_is_answered_like_one_that_does_not_exist(client, register, invent):
    device = register(invent(level="phone"), channel="fcm", token="mine").json["id"]
    stranger = invent(level="phone")
    answers = [
        client.delete(f"{DEVICES}/{each}", headers=stranger.headers)
        for each in (device, uuid.uuid4())
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    bodies = [{**answer.json, "trace_id": None} for answer in answers]
    assert bodies[0] == bodies[1]


def test_a_token_stands_nowhere_in_clear(session, register, invent):
    register(invent(level="phone"), channel="fcm", token="canary-token-in-clear")
    row = session.scalar(text("SELECT row_to_json(d)::text FROM push_devices d"))
    assert "canary" not in row
    assert b"canary".hex() not in row


def test_the_phone_registered_longest_ago_makes_room(core, register, invent, monkeypatch):
    monkeypatch.setattr(devices, "MOST", 3)
    person = invent(level="phone")
    ids = [register(person, channel="fcm", token=f"t{n}").json["id"] for n in range(3)]
    register(person, channel="fcm", token="t0")
    ids.append(register(person, channel="fcm", token="t3").json["id"])
    assert living(core, person.actor.account) == {uuid.UUID(ids[n]) for n in (0, 2, 3)}


def test_wechat_needs_a_sign_in_through_the_mini_program(core, register, invent):
    person = invent(level="phone")
    refused = register(person, channel="wechat", template_ids=["T1"])
    assert (refused.status_code, refused.json["code"]) == (409, "wechat_not_linked")
    with unit_of_work(core) as session:
        link = {"openid": "o-1", "account_id": person.actor.account, "linked_at": clock.now()}
        session.add(WechatLink(**link))
    first = register(person, channel="wechat", template_ids=["T1"])
    assert first.status_code == 201
    assert register(person, channel="wechat", template_ids=["T1", "T2"]).json == first.json
    with core.session() as session:
        assert session.scalars(select(PushDevice.template_ids)).one() == ["T1", "T2"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"channel": "fcm"}, "token"),
        ({"channel": "fcm", "token": ""}, "token"),
        ({"channel": "fcm", "token": "with space"}, "token"),
        ({"channel": "fcm", "token": "x" * 1_001}, "token"),
        ({"channel": "fcm", "token": "t", "template_ids": ["T"]}, "template_ids"),
        ({"channel": "wechat"}, "template_ids"),
        ({"channel": "wechat", "template_ids": []}, "template_ids"),
        ({"channel": "wechat", "template_ids": ["T"], "token": "t"}, "token"),
        ({"channel": "pigeon", "token": "t"}, "channel"),
        ({"channel": "fcm", "token": "t", "colour": "red"}, "colour"),
    ],
)
def test_a_wrong_registration_is_refused(register, invent, body, field):
    answer = register(invent(level="phone"), **body)
    assert answer.status_code == 422
    assert field in answer.json["errors"]
