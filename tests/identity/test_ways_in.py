"""WeChat and Alipay users who may sign in to my account: I see them and end them."""

import json
from datetime import datetime, timedelta
from urllib.request import Request, urlopen

import pytest
from lives import code_for, sign_in, wrong
from sqlalchemy import select
from support import recorded

from app.audit.models import AuditRow
from app.core import clock
from app.identity import sessions
from app.identity.events import WayInChanged
from app.identity.jobs import TEXTED
from app.identity.models import Account, SessionFamily, WechatLink
from app.identity.sessions import Device
from app.identity.ways.models import AlipayLink

MINE = "/api/v1/me/ways-in"
WECHAT, ALIPAY = f"{MINE}/wechat", f"{MINE}/alipay"


@pytest.fixture
def link(session):
    """Link users of WeChat and Alipay to somebody's account and sign them in; answers their sessions."""

    def make(person, *openids, alipay=()):
        account = session.get_one(Account, person.actor.account)
        at, families = clock.now(), []
        for openid in openids:
            row = WechatLink(openid=openid, account_id=account.id, unionid=None, linked_at=at)
            session.add(row)
            device = Device(f"wechat:{openid}", "微信小程序", "wechat")
            families.append(sessions.open_session(session, account, device))
        for kind, subject in alipay:
            row = AlipayLink(kind=kind, subject=subject, account_id=account.id, linked_at=at)
            session.add(row)
            device = Device(f"alipay:{subject}", "支付宝小程序", "alipay")
            families.append(sessions.open_session(session, account, device))
        session.commit()
        return families

    return make


@pytest.fixture
def mine(client):
    def ask(person):
        answer = client.get(MINE, headers=person.headers)
        assert answer.status_code == 200, answer.json
        return {each["party"]: each for each in answer.json["items"]}

    return ask


@pytest.fixture
def remove(client, core):
    def send(person, path=WECHAT, code=None):
        code = code or code_for(core, person.phone, "way_in")
        return client.delete(path, json={"code": code}, headers=person.headers)

    return send


def open_devices(session, person):
    still = select(SessionFamily.device_id).where(
        SessionFamily.account_id == person.actor.account, SessionFamily.ended_at.is_(None)
    )
    return set(session.scalars(still))


def test_i_see_which_parties_let_me_in_how_many_users_and_since_when(invent, link, mine):
    me, other = invent(), invent()
    assert mine(me) == {}
    link(me, "first", "second", alipay=[("open_id", "one"), ("user_id", "2088")])
    link(other, "theirs")
    found = mine(me)
    # Alipay's two names for one user are one user.
    assert {party: each["users"] for party, each in found.items()} == {"wechat": 2, "alipay": 1}
    assert abs(_moment(found["wechat"]["linked_at"]) - clock.now()) < timedelta(minutes=1)


def test_a_removed_way_opens_nothing_signs_its_devices_out_and_is_told(
    invent, link, mine, remove, session
):
    me, other = invent(), invent()
    link(me, "first", "second", alipay=[("open_id", "one")])
    link(other, "theirs")
    assert remove(me).status_code == 204
    assert set(mine(me)) == {"alipay"}
    assert session.scalars(select(WechatLink.openid)).all() == ["theirs"]
    devices = open_devices(session, me)
    assert "alipay:one" in devices
    assert not {"wechat:first", "wechat:second"} & devices
    assert [each["what"] for each in recorded(session, WayInChanged)] == ["wechat_removed"]
    assert "wechat_removed" in TEXTED
    acts = select(AuditRow.reason).where(AuditRow.action == "identity.remove_way_in")
    assert session.scalars(acts).all() == ["wechat"]


def test_without_a_fresh_code_for_this_nothing_is_removed(invent, link, mine, remove, core):
    me = invent()
    link(me, "first")
    right = code_for(core, me.phone, "way_in")
    for code in (wrong(right), code_for(core, me.phone, "login")):
        answer = remove(me, code=code)
        assert (answer.status_code, answer.json["code"]) == (422, "code_refused")
    assert set(mine(me)) == {"wechat"}
    assert remove(me, code=right).status_code == 204
    assert remove(me, code=right).json["code"] == "code_refused"


def test_what_nobody_linked_and_what_is_no_party_is_absent(invent, remove, session):
    me = invent()
    for path in (ALIPAY, f"{MINE}/carrier"):
        assert remove(me, path).status_code == 404
    assert recorded(session, WayInChanged) == []


def test_the_owner_hears_once_of_a_wechat_user_who_comes_to_a_used_account(
    client, stubs, session, core
):
    def enter(phone):
        body = json.dumps({"phone": phone}).encode()
        sent = {"Content-Type": "application/json"}
        with urlopen(Request(f"{stubs}/wechat/simulate/login", body, sent)) as answer:
            codes = json.load(answer)
        body = {name: codes[name] for name in ("login_code", "phone_code")}
        opened = client.post("/api/v1/auth/miniprogram/wechat", json=body)
        assert opened.status_code == 201, opened.json
        return opened.json["citizen"]["id"]

    enter("19900000018")
    assert recorded(session, WayInChanged) == []
    sign_in(core, client, "+8619900000019")
    owner = {enter("19900000019") for _ in range(2)}
    told = [(each["what"], each["account_id"]) for each in recorded(session, WayInChanged)]
    assert told == [("wechat_linked", *owner)]


def test_who_is_linked_anew_after_a_merge_stays_when_it_is_undone(
    invent, link, core, session, client, remove
):
    me, other = invent(), invent(level="phone")
    link(other, "moved", "removed")
    both = {
        "other_phone": other.phone,
        "code": code_for(core, other.phone, "merge"),
        "own_code": code_for(core, me.phone, "merge"),
    }
    merged = client.post("/api/v1/me/merges", json=both, headers=me.headers)
    assert merged.status_code == 201, merged.json
    assert remove(me).status_code == 204
    link(me, "removed")
    undone = client.post(f"/api/v1/me/merges/{merged.json['id']}/undo", headers=me.headers)
    assert undone.status_code == 200, undone.json
    owner = select(WechatLink.account_id).where(WechatLink.openid == "removed")
    assert session.scalars(owner).one() == me.actor.account


def _moment(text):
    return datetime.fromisoformat(text)
