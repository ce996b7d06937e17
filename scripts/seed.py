"""Fill a demonstration's database: keys, catalogue, venues and their staff. Safe to repeat."""

import sys
import time
import uuid
from pathlib import Path
from typing import Any

from app import settings
from app.catalogue.services import import_catalogue
from app.core import keys as keyring
from app.core.db import Database, Session, unit_of_work
from app.core.keys import read_key_file
from app.core.runtime import Core, build_core
from app.identity import phones
from app.identity.accounts import account_of_phone
from healthcode import keys as verifier_keys
from healthcode import venues
from scripts.environment import key_file, read_world
from scripts.seed_officers import seed_officers

#: Seconds: the catalogue comes in with a few large statements.
STATEMENT_MS = 60_000


def main(home: Path) -> None:
    """Seed the database the environment names. Refused in production."""
    configuration = settings.load()
    if configuration.production:
        raise SystemExit("演示数据不可用于生产环境 demonstration data has no place in production")
    database = Database(configuration.database_url, pool_size=2, statement_ms=STATEMENT_MS)
    core = build_core(configuration, database)
    try:
        seed(core, home)
    finally:
        core.close()


def seed(core: Core, home: Path) -> None:
    """Keys, then catalogue, then people, each in one transaction."""
    with unit_of_work(core) as session:
        keyring.create_missing(session)
    core.load_keys()
    began = time.monotonic()
    with unit_of_work(core) as session:
        import_catalogue(session)
    print(f"  目录已导入 catalogue imported ({time.monotonic() - began:.1f} s)", flush=True)
    with unit_of_work(core) as session:
        _people(session, read_world())
        seed_officers(session, read_world())
        root = read_key_file(key_file(home, "root"), production=False)
        verifier_keys.publish(session, root)


def _people(session: Session, world: dict[str, Any]) -> None:
    for venue in world["venues"]:
        venues.register_venue(
            session,
            venues.NewVenue(
                id=uuid.UUID(venue["id"]),
                name=venue["name"],
                kind=venue["kind"],
                region_code=venue["region"],
                address=venue["address"],
            ),
        )
    people = {person["key"]: person for person in world["people"]}
    for member in world["venue_staff"]:
        phone = phones.normalise(people[member["person"]]["phone"])
        if phone is None:
            raise SystemExit(f"{member['person']}: no usable phone in demo/world.json")
        account = account_of_phone(session, phone)
        venues.add_staff(session, uuid.UUID(member["venue_id"]), account.id)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
