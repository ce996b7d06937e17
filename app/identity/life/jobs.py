"""The life of accounts goes on in the background: texts, and what becomes final."""

import uuid
from collections.abc import Sequence

from app.connectors.world import World
from app.core import clock
from app.core.db import unit_of_work
from app.core.jobs import Task, task
from app.core.one_by_one import one_by_one
from app.identity.life import closing, merges, recovery, texts
from app.identity.life.models import SecurityText
from app.privacy.parts import Part


@task(texts.SEND_TASK, queue="sms")
def send_security_text(world: World, *, text_id: str) -> None:
    """Hand the text to the SMS gateway, once."""
    with unit_of_work(world.core) as session:
        row = session.get(SecurityText, uuid.UUID(text_id))
        if row is None or row.sent_at is not None:
            return
        phone, words = texts.recipient(session, row), texts.WORDS[row.said]
        at = row.created_at.astimezone(clock.SHANGHAI).strftime("%m月%d日%H:%M")
    world.sms.send(phone, world.core.settings.sms.security_template, [at, words])
    with unit_of_work(world.core) as session:
        session.get_one(SecurityText, uuid.UUID(text_id)).sent_at = clock.now()


@task("identity.finish_merges", cron="43 * * * *")
def finish_merges(world: World) -> None:
    """Make merges final whose thirty days are over, and forget texts and proofs; each hour."""
    done = merges.BATCH
    while done == merges.BATCH:
        with unit_of_work(world.core) as session:
            done = merges.finish_overdue(session)
    with unit_of_work(world.core) as session:
        texts.forget_old(session)
        recovery.forget_old(session)


def tasks_for(parts: Sequence[Part], obstacles: Sequence[closing.Obstacle]) -> tuple[Task, ...]:
    """The tasks that know every domain's part, and what stands in the way of closing."""

    @task("identity.close_accounts", cron="13 * * * *")
    def close_accounts(world: World) -> None:
        with unit_of_work(world.core) as session:
            due = closing.due(session)

        def finish(closure_id: uuid.UUID) -> None:
            with unit_of_work(world.core) as session:
                closing.finish(session, closure_id, parts, obstacles)

        one_by_one("identity.close_accounts", due, finish)

    return (close_accounts,)


tasks = (send_security_text, finish_merges)
