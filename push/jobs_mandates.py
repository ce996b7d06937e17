"""Telling both sides of a mandate: notices, and a text to whom no inbox tells."""

import uuid

from app.connectors.world import World
from app.core.db import unit_of_work
from app.core.jobs import task
from app.family.events import MandateMoved
from app.family.models import Mandate
from push import delivery, evaluating, mandates, texting


@task("push.tell_mandate_moved", queue=delivery.QUEUE)
def tell_mandate_moved(world: World, *, mandate_id: str, to: str) -> None:
    """Tell whoever has an account."""
    with unit_of_work(world.core) as session:
        person = mandates.named_person(session, session.get_one(Mandate, uuid.UUID(mandate_id)))
        news = {"mandate_id": mandate_id, "to": to, "principal": str(person or "")}
        made = evaluating.follow(session, MandateMoved.NAME, news)
        delivery.start(session, made.deliveries)


@task("push.text_mandate_moved", queue=texting.QUEUE)
def text_mandate_moved(world: World, *, mandate_id: str, to: str) -> None:
    """Tell a principal without an account, if we know a phone."""
    with unit_of_work(world.core) as session:
        message = mandates.text_for(session, uuid.UUID(mandate_id), to)
    if message is not None:
        phone, values = message
        world.sms.send(phone, world.core.settings.sms.mandate_template, values)


tasks = (tell_mandate_moved, text_mandate_moved)
