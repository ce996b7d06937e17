"""A new password leaves nothing of the old one: no sign-in under way, no browser on our pages."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from openid.site_and_browser import Browser, make_site
from support import make_person

from app.core import clock
from app.core.db import unit_of_work
from app.identity import passwords
from app.identity.sessions import Device, Granted, Refused
from app.identity.ways import password
from app.identity.ways.models import AccountPassword
from app.identity.ways.password import Attempt, Proof

OLD, NEW = "东湖的樱花三月开", "correct horse battery"
THIEF = Device("strange", "手机", "ios")


def give_password(core, person):
    with unit_of_work(core) as session:
        hashed = passwords.hash_password(OLD)
        account_id = person.actor.account
        session.add(
            AccountPassword(account_id=account_id, password_hash=hashed, set_at=clock.now())
        )


def sign_in(core, person, secret):
    with unit_of_work(core) as session:
        return password.sign_in(session, Attempt(person.phone, secret, "198.51.100.7"), THIEF)


@pytest.mark.parametrize(("entered", "outcome"), [(OLD, Refused), (NEW, Granted)])
def test_a_sign_in_with_the_old_password_does_not_outrun_its_change(live_core, entered, outcome):
    person = make_person(live_core)
    give_password(live_core, person)
    with ThreadPoolExecutor(1) as pool:
        with unit_of_work(live_core) as session:
            assert password.set_password(session, person.actor, NEW, Proof(None, OLD)) is None
            session.flush()
            thief = pool.submit(sign_in, live_core, person, OLD)
            time.sleep(0.3)
        assert isinstance(thief.result(), Refused)
    assert isinstance(sign_in(live_core, person, entered), outcome)


def test_a_new_password_signs_browsers_on_our_pages_out(app, core, client, invent):
    person, site, browser = invent(), make_site(core), Browser(app, core)
    give_password(core, person)
    browser.agree(browser.sign_in(browser.open(site.address()), person.phone), "profile")
    assert browser.open(site.address()).headers["Location"], "signed in, nothing is asked"
    body = {"password": NEW, "old_password": OLD}
    changed = client.put("/api/v1/me/password", json=body, headers=person.headers)
    assert changed.status_code == 204
    assert 'name="phone"' in browser.open(site.address()).get_data(as_text=True)
