"""Forged, stale and tampered callbacks, one case a family: no posting, no change, each one counted."""

import pytest
from forgeries import MISFITTING, UNVERIFIED, Scene
from placed import balance, facts, place, untouched
from sqlalchemy import func, select
from wechat_sender import Sender, deliver

from app.core.db import unit_of_work
from app.payments.callbacks import REFUSED
from app.payments.models import ProviderEvent
from scripts.environment import stub_keys


@pytest.fixture
def scene(core, invent, parties_keys, home):
    folder = stub_keys(home)
    placed = place(core, invent())
    made = Scene(
        Sender.towards(folder, "medical"),
        Sender.towards(folder, "social", "public_key"),
        placed.out_trade_no,
        placed.amount,
    )
    return made, placed


def stored(core):
    with unit_of_work(core) as session:
        return session.scalar(select(func.count()).select_from(ProviderEvent))


@pytest.mark.parametrize("family", UNVERIFIED)
def test_what_is_not_verified_has_no_effect_and_is_counted(core, client, scene, family):
    (told, placed), (reason, forge) = scene, UNVERIFIED[family]
    counter = REFUSED.labels("wechatpay", reason)
    before = counter._value.get()
    answer = deliver(client, *forge(told))
    assert 400 <= answer.status_code < 500
    assert answer.mimetype == "application/json"
    assert set(answer.json) == {"code", "message"}
    assert answer.json["code"] == "FAIL"
    assert counter._value.get() == before + 1, reason
    assert untouched(facts(core, placed))
    assert stored(core) == 0
    assert balance(core) == (0, 0, 0)


@pytest.mark.parametrize("family", MISFITTING)
def test_what_does_not_fit_is_stored_held_and_answered_with_failure(core, client, scene, family):
    (told, placed), (because, forge) = scene, MISFITTING[family]
    answer = deliver(client, *forge(told))
    assert (answer.status_code, answer.json["code"]) == (400, "FAIL")
    found = facts(core, placed)
    assert (found.order, found.held_because) == ("held", because)
    assert (found.payments, found.bookings, found.jobs) == (0, 0, 0)
    assert (found.lines, found.attempts) == ({"open"}, ["open"])
    assert found.events == [("mismatch", because)]
    assert balance(core) == (0, 0, 0)


def test_an_order_nobody_placed_is_stored_and_answered_with_failure(core, client, scene):
    told, placed = scene
    answer = deliver(client, *told.event(told.paid | {"out_trade_no": "UNKNOWN12345"}))
    assert (answer.status_code, answer.json["code"]) == (400, "FAIL")
    assert untouched(facts(core, placed))
    assert stored(core) == 1
    assert balance(core) == (0, 0, 0)


def test_a_forgery_under_the_true_events_id_does_not_hide_the_true_one(core, client, scene):
    told, placed = scene
    headers, body = told.true()
    forged = headers | {"Wechatpay-Nonce": "0123456789abcdef0123456789abcdef"}
    assert deliver(client, "medical", forged, body).status_code == 401
    assert deliver(client, "medical", headers, body).status_code == 204
    assert facts(core, placed).payments == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/callbacks/wechatpay/medical"),
        ("PUT", "/callbacks/wechatpay"),
        ("POST", "/callbacks/wechatpay/medical/more"),
        ("POST", "/callbacks/alipay"),
    ],
)
def test_other_methods_and_addresses_are_refused(core, client, scene, method, path):
    told, placed = scene
    headers, body = told.true()
    answer = client.open(path, method=method, headers=headers, data=body)
    assert answer.status_code in (404, 405)
    assert untouched(facts(core, placed))


def test_an_address_with_a_query_is_refused(core, client, scene):
    told, placed = scene
    headers, body = told.true()
    answer = client.post("/callbacks/wechatpay/medical?paid=1", headers=headers, data=body)
    assert (answer.status_code, answer.json["code"]) == (422, "FAIL")
    assert untouched(facts(core, placed))


def test_there_are_many_families():
    count = len(UNVERIFIED) + len(MISFITTING) + 1
    print(f"\nforged and tampered families n = {count}")
    assert count >= 60
