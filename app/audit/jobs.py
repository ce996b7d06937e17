"""The audit trail's recurring work: seal, sign, publish."""

from typing import Any

from app.audit import heads, sealing
from app.core.db import unit_of_work
from app.core.jobs import task

QUEUE = "audit"


@task("audit.seal", queue=QUEUE, cron="* * * * * *")
def seal(world: Any) -> None:
    """Chain what has become ripe; each second."""
    sealed = sealing.BATCH
    while sealed == sealing.BATCH:
        with unit_of_work(world.core) as session:
            sealed = sealing.seal_batch(session)


@task("audit.sign_head", queue=QUEUE, cron="* * * * *")
def sign_head(world: Any) -> None:
    """Sign the end of the chain and publish it elsewhere; each minute."""
    with unit_of_work(world.core) as session:
        heads.sign_head(session)
    with unit_of_work(world.core) as session:
        heads.publish(session, world.core.settings.audit_heads_file)


tasks = (seal, sign_head)
