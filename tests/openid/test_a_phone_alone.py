"""A phone that came to the account lately opens no site: its owner shows first whose account it is."""

import dataclasses
import json
from datetime import timedelta
from urllib.request import Request, urlopen

import pytest
from identity.lives import code_for, headers_of
from identity.lives import sign_in as sign_in_to_app
from site_and_browser import forget_texts, text_of

from app.core import clock
from app.identity import tokens
from app.identity.accounts import account_of_phone
from scripts.environment import read_world

NEW = "+8619922230001"
FIRST = "重新核验实名"
OWNER = read_world()["people"][140]


@pytest.fixture
def owner(invent, client, stubs, core):
    """Somebody whose name the stand-in knows."""
    person = invent(level="phone")
    token = prove_name(client, person.headers)["access_token"]
    return dataclasses.replace(person, actor=tokens.read_access(core.keys, token))


@pytest.fixture
def change_phone(client, core):
    """Give somebody the new phone, with both phones at hand or by what the headers have shown."""

    def run(person, headers=None, **changed):
        body = {"new_phone": NEW, "code_new": code_for(core, NEW, "phone")} | changed
        if headers is None:
            body["code_old"] = code_for(core, person.phone, "phone")
        answer = client.post("/api/v1/me/phone", json=body, headers=headers or person.headers)
        assert answer.status_code == 204, answer.json

    return run


def prove_name(client, headers):
    claimed = {name: OWNER[name] for name in ("name", "document_type", "document_number")}
    answer = client.post("/api/v1/me/real-name", json=claimed, headers=headers)
    assert answer.status_code == 200, answer.json
    return answer.json


def show_face(client, stubs, headers):
    """Pass a face check in the app; returns what the client sends then."""
    client.post("/api/v1/me/consents/face", json={"notice_version": 1}, headers=headers)
    begun = client.post("/api/v1/me/face/challenges", headers=headers).json
    shown = {"biz_token": begun["provider_token"], "outcome": "match"}
    sent = Request(
        f"{stubs}/faceid/simulate",
        data=json.dumps(shown).encode(),
        headers={"Content-Type": "application/json"},
    )
    urlopen(sent).close()
    body = {"challenge_id": begun["challenge_id"], "result_token": begun["provider_token"]}
    raised = client.post("/api/v1/me/face", json=body, headers=headers)
    assert raised.status_code == 200, raised.json
    return headers_of(raised.json)


def is_let_in(browsers, core, site):
    """Whether a new browser with the new phone gets as far as the site's own question."""
    forget_texts(core)
    browser = browsers()
    page = browser.sign_in(browser.open(site.address()), NEW)
    assert (page.status_code == 422) is (FIRST in text_of(page))
    return "申请获取" in text_of(page)


def test_after_a_change_by_text_messages_no_site_is_opened_until_the_name_is_proved(
    owner, change_phone, browsers, core, site, client
):
    change_phone(owner)
    assert not is_let_in(browsers, core, site)
    elsewhere = sign_in_to_app(core, client, NEW)
    assert not is_let_in(browsers, core, site), "signing in to the app with it proves nothing"
    prove_name(client, headers_of(elsewhere))
    assert is_let_in(browsers, core, site)


def test_a_face_shown_since_the_change_opens_sites_again(
    owner, change_phone, browsers, core, site, client, stubs
):
    show_face(client, stubs, owner.headers)
    change_phone(owner)
    assert not is_let_in(browsers, core, site), "one shown before says nothing of the new phone"
    show_face(client, stubs, owner.headers)
    assert is_let_in(browsers, core, site)


def test_a_change_that_the_face_allowed_needs_no_second_proof(
    owner, change_phone, browsers, core, site, client, stubs
):
    change_phone(owner, headers=show_face(client, stubs, owner.headers))
    assert is_let_in(browsers, core, site)


def test_thirty_days_later_the_new_phone_is_the_owners(
    owner, change_phone, browsers, core, site, session, monkeypatch
):
    change_phone(owner)
    account = account_of_phone(session, NEW)
    account.phone_changed_at = clock.now() - timedelta(days=31)
    session.commit()
    assert is_let_in(browsers, core, site)
