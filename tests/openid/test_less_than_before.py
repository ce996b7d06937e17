"""When a site may know less than before, what it got earlier tells no more either."""

import pytest
from sqlalchemy import select

from app.core.db import unit_of_work
from app.core.types import Actor
from app.identity.openid import consents, registration
from app.identity.openid.models import OpenidClient
from app.identity.openid.registration import NewClient

WIDE = "openid profile real_name offline_access"
APPS = "/api/v1/me/connected-apps"


@pytest.fixture
def told(client):
    """What userinfo says to a token; None when the token is refused."""

    def ask(tokens):
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = client.get("/oauth/userinfo", headers=headers)
        return answer.get_json() if answer.status_code == 200 else None

    return ask


@pytest.fixture
def refresh(client):
    def send(site, tokens):
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return client.post("/oauth/token", data=form, headers=site.basic)

    return send


def again(browser, site, scope, *agreed):
    """The person is asked once more and agrees to these."""
    browser.agree(browser.open(site.address(scope=scope, prompt="consent")), *agreed)


def test_what_is_not_agreed_to_any_more_ends_with_the_tokens_that_tell_it(
    get_tokens, site, browser, told, refresh
):
    tokens, _ = get_tokens(site, scope=WIDE)
    assert "document_number" in told(tokens)
    again(browser, site, WIDE, "profile", "offline_access")
    assert told(tokens) is None
    assert refresh(site, tokens).get_json() == {"error": "invalid_grant"}


def test_agreeing_to_the_same_again_ends_nothing(get_tokens, site, browser, told, refresh):
    tokens, _ = get_tokens(site, scope=WIDE)
    again(browser, site, WIDE, "profile", "real_name", "offline_access")
    assert "document_number" in told(tokens)
    assert refresh(site, tokens).status_code == 200


def test_what_was_not_asked_this_time_stays_agreed_to_and_is_listed(
    get_tokens, site, browser, told, client
):
    tokens, person = get_tokens(site, scope="openid real_name")
    again(browser, site, "openid phone", "phone")
    assert "document_number" in told(tokens)
    (app,) = client.get(APPS, headers=person.headers).get_json()["items"]
    assert app["scopes"] == ["openid", "phone", "real_name"]


def test_an_agreement_to_older_words_is_not_carried_on(
    get_tokens, site, browser, told, monkeypatch, core
):
    tokens, _ = get_tokens(site, scope="openid real_name")
    monkeypatch.setattr(consents, "NOTICE_VERSION", "2027-01")
    again(browser, site, "openid phone", "phone")
    assert told(tokens) is None


def test_a_scope_taken_from_a_site_is_told_to_none_of_its_tokens(
    get_tokens, site, core, told, refresh, client
):
    tokens, _ = get_tokens(site, scope=WIDE)
    with unit_of_work(core) as session:
        row = session.scalars(select(OpenidClient).where(OpenidClient.id == site.row.id)).one()
        less = NewClient(
            *(row.name, row.department, row.redirect_uris), ["openid", "profile", "offline_access"]
        )
        registration.change_client(session, Actor("system"), row.id, less)
    assert "document_number" not in told(tokens)
    renewed = refresh(site, tokens).get_json()
    assert renewed["scope"] == "offline_access openid profile"
    assert "document_number" not in told(renewed)
    form = {"token": renewed["access_token"]}
    facts = client.post("/oauth/introspect", data=form, headers=site.basic).get_json()
    assert "real_name" not in facts["scope"]
