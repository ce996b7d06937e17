"""What is kept long enough goes, as the role that may, and leaves a record."""

import dataclasses
import uuid
from datetime import timedelta

import pytest
from identity import legacy_support
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import ProgrammingError
from structlog.testing import capture_logs
from support import make_person

from app.audit.models import Destruction
from app.core import clock
from app.core.db import unit_of_work
from app.family import services, uses
from app.family.models import Mandate, MandateUse
from app.family.services import Terms
from app.identity import real_name
from app.identity.legacy import importing, linking, reading
from app.identity.legacy.models import LegacyUser
from app.privacy import retention
from app.privacy.jobs import RulesLeft
from composition import PARTS, TASKS
from healthcode.models import AuthorityAnswer, HealthDeclaration, HealthEvidence, HealthStatus
from migrations.models import metadata

RULES = [rule for part in PARTS for rule in part.retention]


@pytest.fixture
def purge(live_core):
    """Run all rules as huiban_retention: table → how many went."""
    url = live_core.settings.database_url.replace("huiban_app@", "huiban_retention@")

    def run():
        outcome = retention.destroy_over(url, RULES)
        assert outcome.failed == {}
        return outcome.destroyed

    return run


@pytest.fixture
def nightly(live_core, world):
    """The job, with the role configured: `nightly()`, or `nightly(None)` without."""
    task = next(each for each in TASKS if each.name == "privacy.destroy_over")
    role = live_core.settings.database_url.replace("huiban_app@", "huiban_retention@")

    def run(url=role):
        settings = dataclasses.replace(live_core.settings, retention_url=url)
        core = dataclasses.replace(live_core, settings=settings)
        task.run(dataclasses.replace(world, core=core))

    return run


def health_history(session, person_id, days_ago, *, replaced):
    """A declaration, the authority's answer and a status of so many days ago."""
    at = clock.now() - timedelta(days=days_ago)
    declaration = uuid.uuid4()
    session.add(
        HealthDeclaration(
            id=declaration,
            person_id=person_id,
            account_id=uuid.uuid4(),
            declared_at=at,
            answers_sealed=b"x",
        )
    )
    session.flush()
    session.add(AuthorityAnswer(id=uuid.uuid4(), person_id=person_id, asked_at=at, evidence_ids=[]))
    session.add(
        HealthEvidence(
            id=uuid.uuid4(),
            person_id=person_id,
            source="health_authority",
            record_id=uuid.uuid4().hex,
            category="07",
            since=at,
            until=at if replaced else None,
            digest=b"d",
            received_at=at,
        )
    )
    session.add(status_of(person_id, declaration, at, replaced=replaced))
    session.flush()


def status_of(person_id, declaration, at, *, replaced):
    return HealthStatus(
        id=uuid.uuid4(),
        person_id=person_id,
        version=1 if replaced else 2,
        state="active",
        colour="green",
        reasons=[],
        rule_set="r",
        declaration_id=declaration,
        evidence_ids=[],
        authority_answered=True,
        decided_at=at,
        valid_until=None,
        replaced_at=at if replaced else None,
    )


def test_old_health_data_go_and_what_still_counts_stays(live_core, purge, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    people = [make_person(live_core).actor.person for _ in range(3)]
    with unit_of_work(live_core) as session:
        for person in people:
            health_history(session, person, 300, replaced=True)
            health_history(session, person, 250, replaced=False)
    gone = purge()
    names = ("statuses", "declarations", "authority_answers", "evidence")
    assert [gone[f"health_{name}"] for name in names] == [3, 3, 3, 3]
    assert set(purge().values()) == {0}
    with unit_of_work(live_core) as session:
        # The present status, what it rests on and the authority's last word are as old, and stay.
        for table in (HealthStatus, HealthDeclaration, AuthorityAnswer, HealthEvidence):
            assert len(session.scalars(select(table)).all()) == 3
        records = session.scalars(select(Destruction)).all()
    # Three rows a table, two at a time.
    assert len(records) == 8
    assert {len(record.digest) for record in records} == {16}
    assert sum(record.count for record in records) == 12


def test_whole_days_of_scans_go_after_two_months(live_core, purge):
    owner = create_engine(live_core.settings.database_url.replace("huiban_app@", "huiban_owner@"))
    with owner.begin() as connection:
        for days in (10, 59, 62, 90):
            day = clock.now().date() - timedelta(days=days)
            connection.execute(
                text(
                    f"CREATE TABLE scans_{day:%Y%m%d} PARTITION OF scans"
                    f" FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
                )
            )
            connection.execute(
                text(
                    "INSERT INTO scans (day, id, at, venue_id, staff_id, verdict, colour, reasons,"
                    " action, code_digest) VALUES (:day, gen_random_uuid(), now(),"
                    " gen_random_uuid(), gen_random_uuid(), 'pass', 'green', '[]', 'none', 'x')"
                ),
                {"day": day},
            )
    owner.dispose()
    assert purge()["scans"] == 2
    with unit_of_work(live_core) as session:
        assert session.scalar(text("SELECT count(*) FROM scans")) == 2
        days = session.scalars(select(Destruction.day).order_by(Destruction.day)).all()
    assert [(clock.now().date() - day).days for day in days] == [90, 62]


def import_of(core, path, days_ago, *rows):
    """Import a department's file, so many days ago."""
    with unit_of_work(core) as session:
        file = reading.examine(legacy_support.write(path, rows))
        run = importing.begin(session, legacy_support.SOURCE, file)
        importing.store(session, run.id, 0, list(reading.rows(path)))
        run.started_at -= timedelta(days=days_ago)
        importing.finish(session, run.id)
        run_id = run.id
    with unit_of_work(core) as session:
        linking.link_imported(session, run_id)


def test_departments_users_whom_nobody_claims_go_a_year_after_their_last_file(
    live_core, purge, tmp_path
):
    legacy_support.enter(live_core)
    owner = make_person(live_core)
    old, met_again, young = (legacy_support.a_row(number) for number in (11, 12, 13))
    owners = legacy_support.row_of(owner)
    import_of(live_core, tmp_path / "old.csv", 370, old, met_again, owners)
    import_of(live_core, tmp_path / "young.csv", 360, met_again, young)
    assert purge()["legacy_users"] == 1
    with unit_of_work(live_core) as session:
        left = session.scalars(select(LegacyUser.linked_account_id)).all()
        (record,) = session.scalars(select(Destruction)).all()
    assert sorted(left, key=str) == sorted([owner.actor.account, None, None], key=str)
    assert (record.table_name, record.count, record.rule) == ("legacy_users", 1, "legacy_users")
    assert purge()["legacy_users"] == 0


def mandate_of(core, holder, ended_days_ago):
    """A mandate by which something was done, ended so many days ago; answers its id."""
    principal = make_person(core)
    claimed = real_name.claim(principal.name, principal.document_number)
    terms = Terms("parent", ("pay",), clock.legal_today() + timedelta(days=30))
    with unit_of_work(core) as session:
        mandate = services.requested(session, holder.actor, claimed, terms)
        session.add(mandate)
        services.activate(mandate, principal.actor.person, "account")
        session.flush()
        uses.record(session, mandate.id, "order_placed")
        uses.record(session, mandate.id, "order_paid")
        if ended_days_ago is not None:
            services.revoke(session, mandate, "principal")
            mandate.ended_at = clock.now() - timedelta(days=ended_days_ago)
        return mandate.id


def test_mandates_go_with_their_uses_three_years_after_their_end(live_core, purge):
    holder = make_person(live_core)
    for days in (1_100, 1_200):
        mandate_of(live_core, holder, days)
    left = {mandate_of(live_core, holder, days) for days in (1_090, 1, None)}
    gone = purge()
    assert (gone["mandates"], gone["mandate_uses"]) == (2, 4)
    with unit_of_work(live_core) as session:
        assert set(session.scalars(select(Mandate.id))) == left
        assert set(session.scalars(select(MandateUse.mandate_id))) == left
        records = session.scalars(select(Destruction).order_by(Destruction.table_name)).all()
    assert [(each.table_name, each.count, each.rule) for each in records] == [
        ("mandate_uses", 4, "mandate_uses"),
        ("mandates", 2, "mandates"),
    ]
    assert set(purge().values()) == {0}


def test_who_destroys_mandates_sees_nobody_in_them(live_core):
    url = live_core.settings.database_url.replace("huiban_app@", "huiban_retention@")
    engine = create_engine(url)
    for statement in (
        "SELECT principal_document_sealed FROM mandates",
        "SELECT occasion FROM mandate_uses",
        "UPDATE mandate_uses SET act = 'order_paid'",
    ):
        with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission"):
            connection.execute(text(statement))
    engine.dispose()


def test_the_job_runs_them_where_the_role_is_configured(live_core, nightly):
    person = make_person(live_core).actor.person
    with unit_of_work(live_core) as session:
        health_history(session, person, 300, replaced=True)
    for configured, left in (([None], 1), ([], 0)):
        nightly(*configured)
        with unit_of_work(live_core) as session:
            assert len(session.scalars(select(HealthStatus)).all()) == left


def test_a_rule_whose_rows_are_held_stops_no_other_and_the_job_says_which(live_core, nightly):
    person = make_person(live_core).actor.person
    with unit_of_work(live_core) as session:
        health_history(session, person, 300, replaced=True)
    with unit_of_work(live_core) as session, capture_logs() as logs:
        session.scalars(select(HealthStatus).with_for_update()).one()
        with pytest.raises(RulesLeft, match="'health_statuses'"):
            nightly()
    refused = [each for each in logs if each["event"] == "not_destroyed"]
    assert [(each["table"], each["error"]) for each in refused] == [
        ("health_statuses", "LockNotAvailable")
    ]
    with unit_of_work(live_core) as session:
        # Rules before and after it were carried out.
        assert session.scalars(select(HealthEvidence)).all() == []
        assert len(session.scalars(select(HealthStatus)).all()) == 1
    nightly()
    with unit_of_work(live_core) as session:
        assert session.scalars(select(HealthStatus)).all() == []
        assert session.scalars(select(HealthDeclaration)).all() == []


def test_every_rule_names_a_table_and_its_law():
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.name in metadata.tables
        assert "法" in rule.law
        assert rule.keep >= timedelta(days=30)
