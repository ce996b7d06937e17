"""Many at once, on a database that really commits."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from health_support import HEALTHY, Authority, staffed_venue
from sqlalchemy import func, select
from support import make_person

from app.audit.models import AuditRow
from app.connectors.world import build_world
from app.core.db import unit_of_work
from app.core.redis import Cache
from composition import web_app
from healthcode.models import HealthStatus, Scan

SCANS = 50
DECLARATIONS = 12


@pytest.fixture
def live_app(live_core):
    core = replace(live_core, cache=Cache(None))
    return web_app(replace(build_world(core, waiters=4), health_authority=Authority()))


def at_once(count, act):
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda number: act(number), range(count)))


def put(app, person, **said):
    body = {**HEALTHY, **said}
    return app.test_client().put(
        "/api/v1/health-code/declaration", json=body, headers=person.headers
    )


def test_parallel_declarations_leave_one_current_status(live_core, live_app):
    person = make_person(live_core)
    answers = at_once(
        DECLARATIONS, lambda n: put(live_app, person, temperature_c=36.5 if n % 2 else 38.5)
    )
    # Whoever waited too long for the person's lock was told to come back.
    assert {answer.status_code for answer in answers} <= {200, 503}
    with unit_of_work(live_core) as session:
        mine = HealthStatus.person_id == person.actor.person_id
        versions = list(session.scalars(select(HealthStatus.version).where(mine)))
        current = session.scalars(
            select(HealthStatus).where(mine, HealthStatus.replaced_at.is_(None))
        ).all()
    print(f"\nparallel declarations n = {DECLARATIONS}: {Counter(a.status_code for a in answers)}")
    assert sorted(versions) == list(range(1, len(versions) + 1))
    assert [status.version for status in current] == [max(versions)]
    assert current[0].state == "active"


def test_fifty_identical_scans_are_one_scan(live_core, live_app):
    person, staff = make_person(live_core), make_person(live_core, "phone")
    venue_id = staffed_venue(live_core, staff.actor.account)
    code = put(live_app, person).json["code"]
    body = {"code": code, "venue_id": str(venue_id), "client_scan_id": str(uuid.uuid4())}
    answers = at_once(
        SCANS,
        lambda _: live_app.test_client().post(
            "/api/v1/verifier/scans", json=body, headers=staff.headers
        ),
    )
    print(f"\nparallel scans n = {SCANS}: {Counter(answer.status_code for answer in answers)}")
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.get_data() for answer in answers}) == 1
    with unit_of_work(live_core) as session:
        assert session.scalar(select(func.count()).select_from(Scan)) == 1
        shown = AuditRow.action == "healthcode.verify"
        assert session.scalar(select(func.count()).where(shown)) == 1
