"""Two at the same moment: what may happen once happens once."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from site_and_browser import Browser, answer_of, make_site
from sqlalchemy import func, select
from staffing import make_officer
from support import make_person

from app.connectors.world import build_world
from app.core.db import unit_of_work
from app.core.errors import NotFound
from app.identity.openid import grants, proposals
from app.identity.openid.models import OpenidClient, OpenidGrant
from app.identity.openid.registration import NewClient
from app.identity.openid.secrets import digest
from composition import web_app

NEW = NewClient("公积金查询", "市公积金中心", ["https://site.example/callback"])


@pytest.fixture
def during(live_core):
    """`during(first, second)`: the second begins before the first commits; both outcomes."""

    def in_own_transaction(act):
        with unit_of_work(live_core) as session:
            return act(session)

    def run(first, second):
        with ThreadPoolExecutor(1) as pool:
            with unit_of_work(live_core) as session:
                done = first(session)
                session.flush()
                other = pool.submit(in_own_transaction, second)
                time.sleep(0.3)
            return done, other.exception() or other.result()

    return run


@pytest.fixture
def proposed(live_core):
    """(who proposed it, the id of a proposal for a new client)."""
    registrar = make_officer(live_core, "client_registrar")
    with unit_of_work(live_core) as session:
        return registrar, proposals.propose_client(session, registrar.actor, NEW).id


def test_of_two_who_approve_at_once_one_does_and_one_client_comes_of_it(
    live_core, during, proposed
):
    _, proposal_id = proposed
    one, two = (make_officer(live_core, "security_admin").actor for _ in range(2))
    done, other = during(
        lambda session: proposals.approve(session, one, proposal_id),
        lambda session: proposals.approve(session, two, proposal_id),
    )
    assert (done.decided_by, type(other)) == (one.officer, NotFound)
    with unit_of_work(live_core) as session:
        assert session.scalar(select(func.count()).select_from(OpenidClient)) == 1


def test_a_secret_collected_twice_at_once_is_shown_once_and_good(live_core, during, proposed):
    registrar, proposal_id = proposed
    with unit_of_work(live_core) as session:
        second = make_officer(live_core, "security_admin").actor
        proposals.approve(session, second, proposal_id)

    def collect(session):
        return proposals.collect_secret(session, registrar.actor, proposal_id)

    (_, shown), other = during(collect, collect)
    assert type(other) is NotFound
    with unit_of_work(live_core) as session:
        assert session.scalars(select(OpenidClient.secret_hash)).one() == digest(shown)


def test_no_token_is_refreshed_while_a_copy_of_an_older_one_is_noticed(live_core, during):
    app, person = web_app(build_world(live_core, waiters=2)), make_person(live_core)
    site, browser = make_site(live_core), Browser(app, live_core)
    page = browser.sign_in(browser.open(site.address(scope="openid offline_access")), person.phone)
    code = answer_of(browser.agree(page, "offline_access"))["code"]
    first = app.test_client().post("/oauth/token", data=site.form(code), headers=site.basic).json

    def refresh(token):
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return app.test_client().post("/oauth/token", data=form, headers=site.basic)

    present = refresh(refresh(first["refresh_token"]).json["refresh_token"]).json["refresh_token"]

    def present_copy(session):
        grant = grants.refreshable(session, site.row, first["refresh_token"])
        return grants.rotate(session, grant, first["refresh_token"])

    went_on, answer = during(present_copy, lambda _: refresh(present))
    assert (went_on, answer.status_code, answer.json["error"]) == (False, 400, "invalid_grant")
    with unit_of_work(live_core) as session:
        assert session.scalars(select(OpenidGrant.ended_because)).one() == "reuse"
