"""An account that ended, or lost its phone, leaves nothing behind at sites."""

from datetime import timedelta

import pytest
from identity.lives import code_for
from sqlalchemy import select

from app.core import clock
from app.core.db import unit_of_work
from app.identity import sessions
from app.identity.accounts import take_phone
from app.identity.models import Account, SessionFamily
from app.identity.openid.models import OpenidConsent, OpenidLogoutNotice

OFFLINE = "openid profile phone offline_access"
MERGES = "/api/v1/me/merges"


@pytest.fixture
def site(register):
    """A site that wants to be told."""
    return register(backchannel_logout_uri="https://site.example/told")


@pytest.fixture
def lose(client, core, invent):
    """Somebody with a real name takes the person's phone, which is theirs now."""

    def run(person):
        taker = invent()
        body = {"new_phone": person.phone, "new_to_me": True}
        body["code_new"] = code_for(core, person.phone, "phone")
        body["code_old"] = code_for(core, taker.phone, "phone")
        answer = client.post("/api/v1/me/phone", json=body, headers=taker.headers)
        assert answer.status_code == 204, answer.json

    return run


@pytest.fixture
def merge(client, core, invent):
    """The person's account ends in another; returns (whose it went on in, the merge)."""

    def run(person):
        taker = invent()
        body = {"other_phone": person.phone}
        body["code"] = code_for(core, person.phone, "merge")
        body["own_code"] = code_for(core, taker.phone, "merge")
        made = client.post(MERGES, json=body, headers=taker.headers)
        assert made.status_code == 201, made.json
        return taker, made.json["id"]

    return run


@pytest.fixture
def answers(client):
    """What a site gets for its tokens: (userinfo, introspection, refresh)."""

    def ask(site, tokens):
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        asked = {"token": tokens["access_token"]}
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        userinfo = client.get("/oauth/userinfo", headers=bearer)
        known = client.post("/oauth/introspect", data=asked, headers=site.basic)
        anew = client.post("/oauth/token", data=form, headers=site.basic)
        return userinfo, known.json["active"], anew.json.get("error")

    return ask


def assert_dead(answered):
    userinfo, active, refused = answered
    assert (userinfo.status_code, userinfo.json) == (401, {"error": "invalid_token"})
    assert userinfo.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert (active, refused) == (False, "invalid_grant")


def test_an_account_that_lost_its_phone_leaves_sites_no_token_and_they_are_told(
    site, get_tokens, lose, answers, session
):
    tokens, person = get_tokens(site, scope=OFFLINE)
    lose(person)
    assert_dead(answers(site, tokens))
    told = select(OpenidLogoutNotice.client_id).where(OpenidLogoutNotice.login_id.is_(None))
    assert set(session.scalars(told)) == {site.row.id}


def test_a_merged_account_leaves_sites_no_token_and_undoing_it_gives_none_back(
    site, get_tokens, merge, answers, client, session, invent
):
    tokens, person = get_tokens(site, scope=OFFLINE, person=invent(level="phone"))
    taker, merge_id = merge(person)
    assert_dead(answers(site, tokens))
    told = select(OpenidLogoutNotice.client_id).where(OpenidLogoutNotice.login_id.is_(None))
    assert set(session.scalars(told)) == {site.row.id}
    undone = client.post(f"{MERGES}/{merge_id}/undo", headers=taker.headers)
    assert undone.json["state"] == "undone"
    assert_dead(answers(site, tokens))
    standing = select(OpenidConsent).where(OpenidConsent.withdrawn_at.is_(None))
    assert session.scalars(standing).all() == []


def test_sites_keep_their_tokens_when_both_phones_agree_to_a_change_and_lose_them_when_not(
    site, get_tokens, answers, client, core, session
):
    tokens, person = get_tokens(site, scope=OFFLINE)
    new = "+8619922220017"
    body = {"new_phone": new, "code_new": code_for(core, new, "phone")}
    body["code_old"] = code_for(core, person.phone, "phone")
    assert client.post("/api/v1/me/phone", json=body, headers=person.headers).status_code == 204
    userinfo, active, _ = answers(site, tokens)
    assert (userinfo.status_code, active) == (200, True)
    family = session.get(SessionFamily, person.actor.session_id)
    family.face_until = clock.now() + timedelta(minutes=10)
    session.commit()
    raised = {"Authorization": f"Bearer {sessions.grant_anew(session, person.actor)}"}
    third = "+8619922220018"
    body = {"new_phone": third, "code_new": code_for(core, third, "phone")}
    answer = client.post("/api/v1/me/phone", json=body, headers=raised)
    assert answer.status_code == 204, answer.json
    assert_dead(answers(site, tokens))


@pytest.mark.parametrize("state", ["phone_lost", "merged", "closed"])
def test_no_token_outlives_an_account_that_cannot_be_used(site, get_tokens, answers, core, state):
    tokens, person = get_tokens(site, scope=OFFLINE)
    with unit_of_work(core) as session:
        account = session.get_one(Account, person.actor.account)
        account.state = state
        take_phone(account)
    assert_dead(answers(site, tokens))
