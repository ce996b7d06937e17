"""Forgetting staff's challenges and sessions whose time is over."""

from app.connectors.world import World
from app.core.db import unit_of_work
from app.core.jobs import task
from app.identity.staff import sessions, signing_in


@task("staff.forget_old", cron="47 * * * *")
def forget_old(world: World) -> None:
    """Delete old challenges and sessions; each hour."""
    with unit_of_work(world.core) as session:
        signing_in.forget_old(session)
        sessions.forget_old(session)


tasks = (forget_old,)
