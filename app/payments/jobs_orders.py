"""Jobs of bills and orders: telling people of look-ups, closing what nobody paid."""

import uuid

import structlog

from app.connectors.world import World
from app.core import clock
from app.core.db import unit_of_work
from app.core.jobs import task
from app.identity.queries import masked_name
from app.payments import bills, lookups, orders
from app.payments.models import Bill

log = structlog.get_logger()


@task(lookups.TELL_TASK, queue="sms")
def tell_looked_up(world: World, *, bill_id: str, payer_id: str) -> None:
    """Tell the insured person who looked up their bill. Without a phone there is nobody to tell."""
    with unit_of_work(world.core) as session:
        bill = session.get_one(Bill, uuid.UUID(bill_id))
        phone = bills.phone_of(session, bill)
        if phone is None:
            log.info("nobody_to_tell", task=lookups.TELL_TASK)
            return
        day = f"{clock.legal_today():%m月%d日}"
        params = [day, masked_name(session, uuid.UUID(payer_id)), bills.SCHEMES[bill.scheme]]
    world.sms.send(phone, world.core.settings.sms.lookup_template, params)


@task("payments.close_expired", cron="* * * * *")
def close_expired(world: World) -> None:
    """Close orders whose half hour is over, so that their bills are free again."""
    closed = orders.BATCH
    while closed == orders.BATCH:
        with unit_of_work(world.core) as session:
            closed = orders.close_due(session)
            log.info("orders_closed", count=closed)


@task("payments.forget_grants", cron="29 * * * *")
def forget_grants(world: World) -> None:
    """Delete grants of look-ups that are over."""
    with unit_of_work(world.core) as session:
        log.info("grants_forgotten", count=lookups.forget_grants(session))


tasks = (tell_looked_up, close_expired, forget_grants)
