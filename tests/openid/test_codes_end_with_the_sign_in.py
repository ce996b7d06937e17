"""A code that was given before somebody signed out is worth nothing after it."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from site_and_browser import Browser, make_site, text_of
from sqlalchemy import func, select
from support import make_person

from app.connectors.world import build_world
from app.core.db import unit_of_work
from app.identity.openid import logout
from app.identity.openid.models import OpenidGrant, OpenidLogoutNotice
from composition import web_app

TOLD = "https://site.example/told"


@pytest.mark.parametrize("scope", ["openid profile", "openid offline_access"])
@pytest.mark.parametrize("everywhere", [False, True])
def test_a_code_is_not_exchanged_once_its_person_signed_out(
    register, get_code, browser, client, core, session, scope, everywhere
):
    site = register(backchannel_logout_uri=TOLD)
    code, person = get_code(site, scope=scope)
    if everywhere:
        with unit_of_work(core) as own:
            logout.end_logins_of(own, person.actor.account)
    else:
        page = browser.open("/oauth/logout")
        assert "您已退出登录" in text_of(browser.press(page, "yes"))
    answer = client.post("/oauth/token", data=site.form(code), headers=site.basic)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_grant")
    told = session.scalar(select(func.count()).select_from(OpenidLogoutNotice))
    assert told == 0, "a site that never learnt of the sign-in need not learn of its end"


def test_no_code_is_given_through_a_sign_in_that_ends_at_this_moment(live_core):
    app, person = web_app(build_world(live_core, waiters=2)), make_person(live_core)
    site, browser = make_site(live_core), Browser(app, live_core)
    browser.agree(browser.sign_in(browser.open(site.address()), person.phone), "profile")
    with ThreadPoolExecutor(1) as pool:
        with unit_of_work(live_core) as session:
            logout.end_logins_of(session, person.actor.account)
            page = pool.submit(browser.open, site.address())
            time.sleep(0.3)
            assert not page.done()
        assert 'name="phone"' in page.result().get_data(as_text=True)
    with unit_of_work(live_core) as session:
        living = select(func.count()).where(OpenidGrant.ended_at.is_(None))
        assert session.scalar(living.select_from(OpenidGrant)) == 0
