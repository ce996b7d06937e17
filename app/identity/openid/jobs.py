"""The provider's jobs: telling clients of a logout, forgetting what is over."""

import uuid

import structlog

from app.connectors.world import World
from app.core import clock, strangers
from app.core.db import unit_of_work
from app.core.http import PartyUnavailable
from app.core.jobs import task
from app.identity.openid import grants, logins, logout, proof, requests
from app.identity.openid.models import OpenidClient, OpenidLogoutNotice

log = structlog.get_logger()

PARTY = "openid_client"


@task(logout.TELL_TASK, queue="openid")
def tell_logout(world: World, *, notice_id: str) -> None:
    """Send the logout token; tried again, each time with a new one, until the client took it."""
    row_id = uuid.UUID(notice_id)
    with unit_of_work(world.core) as session:
        notice = session.get(OpenidLogoutNotice, row_id)
        if notice is None or notice.delivered_at is not None:
            return
        client = session.get_one(OpenidClient, notice.client_id)
        address = client.backchannel_logout_uri
        if address is None or client.disabled_at is not None:
            notice.next_try_at = None
            return
        token = logout.logout_token(session, world.core.settings.public_url, notice)
    _send(world, address, token)
    with unit_of_work(world.core) as session:
        notice = session.get_one(OpenidLogoutNotice, row_id)
        notice.delivered_at, notice.next_try_at = clock.now(), None


def _send(world: World, address: str, token: str) -> None:
    settings, form = world.core.settings, {"logout_token": token}
    hosts = strangers.OwnHosts(settings.internal_hosts, loopback=not settings.production)
    answer = strangers.call(PARTY, "POST", address, hosts=hosts, data=form)
    if answer.status not in (200, 204):
        raise PartyUnavailable(PARTY)


@task("openid.tell_left", queue="openid", cron="* * * * *")
def tell_left(world: World) -> None:
    """Tell the sites that could not be told before; one that is silent now waits for the next run."""
    with unit_of_work(world.core) as session:
        given_up = logout.give_up(session)
    if given_up:
        log.error("sites_not_told", count=given_up)
    silent: set[uuid.UUID] = set()
    while True:
        with unit_of_work(world.core) as session:
            notice = logout.claim_left(session, silent)
        if notice is None:
            return
        try:
            tell_logout.run(world, notice_id=str(notice.id))
        except PartyUnavailable:
            log.warning("party_silent", party=PARTY)
            silent.add(notice.client_id)


@task("openid.forget_old", cron="47 * * * *")
def forget_old(world: World) -> None:
    """Delete tokens and sign-ins whose time is over; each hour."""
    with unit_of_work(world.core) as session:
        for part in (proof, grants, logout, logins):
            part.forget_old(session)


@task("openid.forget_requests", cron="*/5 * * * *")
def forget_requests(world: World) -> None:
    """Delete the requests that nobody went on with; often, since anybody may begin one."""
    with unit_of_work(world.core) as session:
        requests.forget_old(session)


tasks = (tell_logout, tell_left, forget_old, forget_requests)
