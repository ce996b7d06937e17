"""Sites are told that somebody left: once each, at an address on the open internet, never twice."""

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import jwt as pyjwt
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from site_and_browser import forget_texts
from sqlalchemy import func, select, text

from app.core.db import unit_of_work
from app.core.strangers import AddressRefused
from app.identity.openid import logout
from app.identity.openid.jobs import tell_logout
from app.identity.openid.models import OpenidGrant, OpenidLogoutNotice

JOBS = text("SELECT args ->> 'notice_id' FROM procrastinate_jobs WHERE task_name = :name")
APPS = "/api/v1/me/connected-apps"


@contextmanager
def told_site():
    """A site's back channel on loopback: (address, the tokens it was sent)."""
    tokens = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            tokens.extend(parse_qs(body)["logout_token"])
            self.send_response(204)
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
