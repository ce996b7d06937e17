"""The browsers in which I am signed in for sites: seen and ended from the app."""

import uuid

import pytest
from site_and_browser import text_of
from sqlalchemy import select

from app.identity.openid.models import OpenidLogoutNotice

PATH = "/api/v1/me/connected-apps/browsers"


@pytest.fixture
def mine(client):
    """What somebody is shown."""
    return lambda person: client.get(PATH, headers=person.headers).json["items"]


def test_i_see_the_browser_with_its_sites_and_end_it(
    register, get_tokens, browser, client, mine, session
):
    site = register(backchannel_logout_uri="https://site.example/told")
    tokens, person = get_tokens(site)
    get_tokens(register(name="另一个站"), person=person)
    (shown,) = mine(person)
    assert set(shown["sites"]) == {"武汉测试站", "另一个站"}
    ended = client.delete(f"{PATH}/{shown['id']}", headers=person.headers)
    assert (ended.status_code, mine(person)) == (204, [])
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/oauth/userinfo", headers=bearer).status_code == 401
    assert session.scalars(select(OpenidLogoutNotice.client_id)).all() == [site.row.id]
    page = browser.open(site.address())
    assert "手机号" in text_of(page), "whoever sits there signs in anew"
    again = client.delete(f"{PATH}/{shown['id']}", headers=person.headers)
    assert again.status_code == 404


def test_nobody_sees_or_ends_anybody_elses_browser(site, get_tokens, client, mine, invent):
    _, person = get_tokens(site)
    (shown,) = mine(person)
    stranger = invent()
    assert mine(stranger) == []
    answers = [
        client.delete(f"{PATH}/{each}", headers=stranger.headers)
        for each in (shown["id"], uuid.uuid4())
    ]
    assert [each.status_code for each in answers] == [404, 404]
    assert mine(person) == [shown]
