"""Sites are told that somebody left: once each, at an address on the open internet, never twice."""

from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import jwt as pyjwt
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from site_and_browser import forget_texts
from sqlalchemy import func, select, text
from structlog.testing import capture_logs

from app.core import clock
from app.core.db import unit_of_work
from app.core.strangers import AddressRefused
from app.identity.openid import logout
from app.identity.openid.jobs import tell_left, tell_logout
from app.identity.openid.models import OpenidGrant, OpenidLogoutNotice

JOBS = text("SELECT args ->> 'notice_id' FROM procrastinate_jobs WHERE task_name = :name")
APPS = "/api/v1/me/connected-apps"


@contextmanager
def told_site(down=0):
    """A site's back channel on loopback, at first `down` times out of order: (address, its tokens)."""
    tokens, failures = [], [503] * down

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            tokens.extend(parse_qs(body)["logout_token"])
            self.send_response(failures.pop() if failures else 204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", tokens
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def leave(core, client, session):
    """Withdraw the consent; returns the ids of the notices that are to be sent."""

    def run(person, site):
        answer = client.delete(f"{APPS}/{site.id}", headers=person.headers)
        assert answer.status_code == 204
        return session.scalars(JOBS, {"name": logout.TELL_TASK}).all()

    return run


def verified(client, token):
    keys = KeySet.import_key_set(client.get("/.well-known/jwks.json").get_json())
    return jwt.decode(token, keys, algorithms=["ES256"]).claims


def test_a_site_whose_person_withdrew_is_told_once_that_all_sign_ins_ended(
    register, get_tokens, leave, world, client, session
):
    with told_site() as (url, received):
        site = register(redirect_uris=[f"{url}/callback"], backchannel_logout_uri=f"{url}/told?x=1")
        tokens, person = get_tokens(site)
        for _ in range(2):
            get_tokens(site, person=person)
        (notice_id,) = leave(person, site)
        for _ in range(2):
            tell_logout.run(world, notice_id=notice_id)
    claims = verified(client, *received)
    mine = pyjwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["aud"]) == (mine["sub"], site.id)
    assert "sid" not in claims, "all of the person's sign-ins there"
    assert session.scalars(select(OpenidLogoutNotice)).one().delivered_at is not None


@pytest.mark.parametrize("host", ["10.0.0.5", "169.254.169.254", "localhost"])
def test_no_machine_within_is_told_whatever_is_registered(
    register, get_tokens, leave, world, session, host
):
    there = {"redirect_uris": [f"https://{host}/cb"]}
    site = register(**there, backchannel_logout_uri=f"https://{host}/told")
    _, person = get_tokens(site)
    (notice_id,) = leave(person, site)
    with pytest.raises(AddressRefused):
        tell_logout.run(world, notice_id=notice_id)
    assert session.scalars(select(OpenidLogoutNotice)).one().delivered_at is None


def test_withdrawing_costs_the_same_however_often_somebody_signed_in(
    register, get_tokens, client, count_sql
):
    costs, person = [], None
    for times in (1, 6):
        site = register(backchannel_logout_uri="https://site.example/told")
        _, person = get_tokens(site, person=person)
        for _ in range(times - 1):
            get_tokens(site, person=person)
        with count_sql() as statements:
            assert client.delete(f"{APPS}/{site.id}", headers=person.headers).status_code == 204
        costs.append(len(statements))
    print(f"statements to withdraw after 1 and 6 sign-ins: {costs}")
    assert costs[0] == costs[1]


def test_whoever_is_signed_out_everywhere_costs_one_notice_a_site(
    register, get_tokens, core, session, browser
):
    site = register(backchannel_logout_uri="https://site.example/told")
    silent = register()
    _, person = get_tokens(site)
    for other in (site, silent, site):
        forget_texts(core)
        browser.client.delete_cookie("huiban_openid")
        get_tokens(other, person=person)
    with unit_of_work(core) as own:
        logout.end_logins_of(own, person.actor.account)
    assert len(session.scalars(JOBS, {"name": logout.TELL_TASK}).all()) == 1
    living = select(func.count()).where(OpenidGrant.ended_at.is_(None))
    assert session.scalar(living.select_from(OpenidGrant)) == 0


# Sites that are down.


@pytest.fixture
def wait(monkeypatch):
    """Let this many minutes pass since the test began."""
    began = clock.now()
    return lambda minutes: monkeypatch.setattr(
        clock, "now", lambda: began + timedelta(minutes=minutes)
    )


def test_a_site_that_was_down_is_told_when_it_is_back_at_growing_intervals(
    register, get_tokens, leave, world, session, wait
):
    with told_site(down=3) as (url, received):
        site = register(redirect_uris=[f"{url}/callback"], backchannel_logout_uri=f"{url}/told")
        _, person = get_tokens(site)
        leave(person, site)
        asked = []
        for minute in range(40):
            wait(minute)
            tell_left.run(world)
            if len(received) > len(asked):
                asked.append(minute)
    assert asked == [3, 6, 12, 24], "and once it is told, not again"
    notice = session.scalars(select(OpenidLogoutNotice)).one()
    assert notice.delivered_at is not None
    assert len({pyjwt.get_unverified_header(each)["typ"] for each in received}) == 1
    times = [pyjwt.decode(each, options={"verify_signature": False})["iat"] for each in received]
    assert len(set(times)) == len(times), "each time a new token"


def test_after_a_day_a_site_is_given_up_and_the_log_says_so(
    register, get_tokens, leave, world, session, wait
):
    site = register(
        backchannel_logout_uri="https://site.invalid/told",
        sector="site.invalid",
        redirect_uris=["https://site.invalid/callback"],
    )
    _, person = get_tokens(site)
    leave(person, site)
    wait(24 * 60 - 1)
    tell_left.run(world)
    assert session.scalars(select(OpenidLogoutNotice.next_try_at)).one() is not None
    wait(24 * 60 + 1)
    with capture_logs() as logs:
        tell_left.run(world)
    assert [(each["event"], each["count"]) for each in logs] == [("sites_not_told", 1)]
    assert session.scalars(select(OpenidLogoutNotice.next_try_at)).one() is None


def test_a_site_that_is_down_keeps_no_other_from_being_told(
    register, get_tokens, leave, world, wait
):
    gone = {"redirect_uris": ["https://site.invalid/cb"]}
    dead = register(**gone, backchannel_logout_uri="https://site.invalid/told")
    with told_site() as (url, received):
        good = register(redirect_uris=[f"{url}/callback"], backchannel_logout_uri=f"{url}/told")
        _, person = get_tokens(dead)
        for site in (dead, good, dead, good):
            get_tokens(site, person=person)
            leave(person, site)
        wait(5)
        with capture_logs() as logs:
            tell_left.run(world)
    assert len(received) == 2
    assert [each["event"] for each in logs].count("party_silent") == 1
