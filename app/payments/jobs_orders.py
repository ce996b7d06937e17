"""Jobs of bills and orders: telling people of look-ups, closing what nobody paid."""

import uuid

import structlog

from app.connectors.world import World
from app.core.db import unit_of_work
from app.core.http import PartyRefused, PartyUnavailable
from app.core.jobs import task
from app.identity.queries import masked_name
from app.payments import bills, lookups, orders
from app.payments.models import Bill

log = structlog.get_logger()


@task(lookups.TELL_TASK, queue="sms")
def tell_looked_up(world: World, *, notice_id: str) -> None:
    """Tell the insured person who looked up their bill. Without a phone there is nobody to tell."""
    with unit_of_work(world.core) as session:
        notice = lookups.claim_notice(session, uuid.UUID(notice_id))
        if notice is None:
            return
        bill = session.get_one(Bill, notice.bill_id)
        phone = bills.phone_of(session, bill)
        payer = masked_name(session, notice.payer_person_id)
        params = [f"{notice.day:%m月%d日}", payer, bills.SCHEMES[bill.scheme]]
    if phone is None:
        log.info("nobody_to_tell", task=lookups.TELL_TASK)
    else:
        world.sms.send(phone, world.core.settings.sms.lookup_template, params)
    with unit_of_work(world.core) as session:
        lookups.notice_done(session, notice.id)


@task("payments.tell_waiting", queue="sms", cron="* * * * * */10")
def tell_waiting(world: World) -> None:
    """Send notices of look-ups that did not go out, whatever became of their jobs."""
    with unit_of_work(world.core) as session:
        waiting = lookups.waiting_notices(session)
    for notice_id in waiting:
        try:
            tell_looked_up.run(world, notice_id=str(notice_id))
        except PartyRefused:
            log.error("lookup_notice_refused", task=lookups.TELL_TASK)
        except PartyUnavailable:
            log.warning("sms_still_silent", count=len(waiting))
            return
        except Exception as error:
            log.error("lookup_notice_passed_over", error=type(error).__name__)


@task("payments.close_expired", cron="* * * * *")
def close_expired(world: World) -> None:
    """Close orders whose half hour is over, so that their bills are free again."""
    closed = orders.BATCH
    while closed == orders.BATCH:
        with unit_of_work(world.core) as session:
            closed = orders.close_due(session)
            log.info("orders_closed", count=closed)


@task("payments.forget_lookups", cron="29 * * * *")
def forget_lookups(world: World) -> None:
    """Delete grants of look-ups that are over, and old notices."""
    with unit_of_work(world.core) as session:
        log.info("lookups_forgotten", count=lookups.forget_old(session))


tasks = (tell_looked_up, tell_waiting, close_expired, forget_lookups)
