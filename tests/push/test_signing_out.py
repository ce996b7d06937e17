"""A phone rings for whoever is signed in on it, and for nobody else."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from app.core import clock, crypto
from app.core.db import unit_of_work
from app.identity import sessions
from app.identity.models import Account, SessionFamily
from app.identity.sessions import Device
from push import delivery, devices, evaluating, rulebook
from push.models import Delivery, PushDevice

EXPIRY = rulebook.all_rules()["resident-id-expiry", 1]
NOON = "2026-03-02T12:00"


@pytest.fixture
def me(stage):
    stage.person("me")
    return stage.accounts["me"]


def remind(core, stage, expires=date(2026, 3, 20)):
    """A new reminder. Answers the phones that are to ring for it."""
    stage.fact("me", expires)
    with unit_of_work(core) as session:
        before = set(session.scalars(select(Delivery.notice_id)))
        evaluating.evaluate(session, EXPIRY, date(2026, 3, 2))
        made = select(Delivery.device_id).where(Delivery.notice_id.not_in(before))
        return set(session.scalars(made))


def claimed(core):
    with unit_of_work(core) as session:
        return {each.device_id for each in delivery.claim(session).claimed}


def sign_in(core, person, device_id):
    """The person signs in on another phone; answers them as they are there."""
    with unit_of_work(core) as session:
        account = session.get_one(Account, person.actor.account)
        sessions.open_session(session, account, Device(device_id, "测试机", "ios"))
        session.flush()
        opened = select(SessionFamily.id).where(
            SessionFamily.device_id == device_id, SessionFamily.ended_at.is_(None)
        )
        session_id = session.scalars(opened).one()
    return replace(person, actor=replace(person.actor, session_id=session_id))


def test_signing_out_silences_this_phone_and_no_other(core, client, stage, me, phone, at):
    other = sign_in(core, me, "another-phone")
    here, there = phone(me, "token-here"), phone(other, "token-there")
    assert client.delete("/api/v1/auth/sessions/current", headers=me.headers).status_code == 204
    at(NOON)
    assert remind(core, stage) == {there}
    assert here != there


def test_signing_a_lost_phone_out_from_afar_silences_it(core, client, stage, me, phone, at):
    lost = sign_in(core, me, "lost-phone")
    here, gone = phone(me, "token-here"), phone(lost, "token-lost")
    away = f"/api/v1/auth/sessions/{lost.actor.session_id}"
    assert client.delete(away, headers=me.headers).status_code == 204
    at(NOON)
    assert remind(core, stage) == {here}
    assert gone != here


def test_what_was_on_its_way_to_a_phone_signed_out_does_not_arrive(core, stage, me, phone, at):
    device = phone(me, "token-on-its-way")
    at(NOON)
    assert remind(core, stage) == {device}
    with unit_of_work(core) as session:
        sessions.end_session(session, me.actor, me.actor.session_id)
    assert claimed(core) == set()
    with core.session() as session:
        row = session.scalars(select(Delivery)).one()
    assert (row.state, row.last_error) == ("dropped", "signed_out")


def test_a_phone_whose_session_ran_out_is_silent(core, stage, me, phone, at):
    phone(me, "token-forgotten")
    with unit_of_work(core) as session:
        ran_out = {"expires_at": clock.now() - timedelta(days=1_000)}
        session.execute(update(SessionFamily).values(ran_out))
    at(NOON)
    assert remind(core, stage) == set()


def test_signing_in_again_on_the_same_phone_lets_it_ring_again(core, stage, me, phone, at):
    device = phone(me, "token-again")
    with unit_of_work(core) as session:
        sessions.end_session(session, me.actor, me.actor.session_id)
        client_device_id = session.get_one(SessionFamily, me.actor.session_id).device_id
    sign_in(core, me, client_device_id)
    at(NOON)
    assert remind(core, stage) == {device}


def test_a_sign_in_that_replaces_the_one_before_does_not_silence_the_phone(
    core, stage, me, phone, at
):
    device = phone(me, "token-replaced")
    with core.session() as session:
        client_device_id = session.get_one(SessionFamily, me.actor.session_id).device_id
    sign_in(core, me, client_device_id)
    with core.session() as session:
        assert session.get_one(SessionFamily, me.actor.session_id).ended_because == "replaced"
    at(NOON)
    assert remind(core, stage) == {device}


def test_a_phone_registered_before_we_knew_where_rings_until_it_registers_again(
    core, stage, me, phone, at
):
    device = phone(me, "token-of-old")
    with unit_of_work(core) as session:
        session.execute(update(PushDevice).values(client_device_id=None))
        sessions.end_session(session, me.actor, me.actor.session_id)
    at(NOON)
    assert remind(core, stage) == {device}


def test_the_next_owner_of_a_phone_is_not_silenced_by_the_former_ones_sign_out(
    core, client, stage, me, phone, at
):
    stage.person("next")
    device = phone(me, "token-sold")
    assert phone(stage.accounts["next"], "token-sold") == device
    client.delete("/api/v1/auth/sessions/current", headers=me.headers)
    at(NOON)
    stage.fact("next", date(2026, 3, 20))
    assert remind(core, stage) == {device}
    with core.session() as session:
        assert session.scalars(select(Delivery.device_id)).all() == [device]


def test_a_token_is_sealed_anew_when_its_phone_registers_again(core, me, phone):
    device = phone(me, "token-sealed")
    with unit_of_work(core) as session:
        # As after the key it was sealed with has been killed.
        session.execute(update(PushDevice).values(token_sealed=b"sealed with a killed key"))
    assert phone(me, "token-sealed") == device
    with core.session() as session:
        sealed = session.get_one(PushDevice, device).token_sealed
        opened = crypto.unseal(session.core.keys, devices.token_field(device), sealed)
    assert opened == "token-sealed"
