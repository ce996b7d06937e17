"""Who proves the real name gets what departments know of them."""

import uuid

from app.connectors.world import World
from app.core.db import unit_of_work
from app.core.jobs import task
from app.identity.legacy.linking import link_person


@task("identity.link_legacy")
def link_legacy(world: World, *, account_id: str) -> None:
    """Link departments' users once the real name is proved."""
    with unit_of_work(world.core) as session:
        link_person(session, uuid.UUID(account_id))


tasks = (link_legacy,)
