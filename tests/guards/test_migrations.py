"""Revisions: equal to the models, up and down with data in the tables, rights as meant."""

import uuid

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from support import fill_every_table

from app.settings import sqlalchemy_url
from migrations.__main__ import configuration
from migrations.compare import include_object
from migrations.models import metadata


@pytest.fixture
def database(services):
    name = f"mig_{uuid.uuid4().hex[:10]}"
    services.create_database(name)
    yield services.database_url(name, "huiban_owner"), services.database_url(name, "huiban_app")
    services.drop_database(name)


def engine_of(url):
    return create_engine(sqlalchemy_url(url))


def test_models_and_revisions_are_equal(database):
    owner, _ = database
    command.upgrade(configuration(owner), "head")
    engine = engine_of(owner)
    with engine.connect() as connection:
        options = {"compare_type": True, "include_object": include_object}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    engine.dispose()


KEY = {"ledger_entries": "posting_id", "audit_seals": "seq", "audit_heads": "seq"}

STRUCTURE = """
SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 't'
  AND conrelid::regclass::text !~ '^procrastinate_|_default$|_[0-9]{8}$|^alembic_version$'
UNION ALL
SELECT tablename || ' ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
  AND tablename !~ '^procrastinate_|_default$|_[0-9]{8}$|^alembic_version$'
"""


def test_checks_and_indexes_are_equal_too(database, services):
    owner, _ = database
    command.upgrade(configuration(owner), "head")
    name = f"models_{uuid.uuid4().hex[:10]}"
    services.create_database(name)
    found = []
    for url in (owner, services.database_url(name, "huiban_owner")):
        engine = engine_of(url)
        if url != owner:
            metadata.create_all(engine)
        with engine.connect() as connection:
            found.append(set(connection.scalars(text(STRUCTURE))))
        engine.dispose()
    services.drop_database(name)
    assert found[0] == found[1]


def test_every_revision_goes_down_and_up_again_with_data_in_the_tables(database):
    owner, _ = database
    config = configuration(owner)
    revisions = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
    command.upgrade(config, "head")
    total = 0
    for _ in revisions:
        engine = engine_of(owner)
        total += fill_every_table(engine, metadata)
        engine.dispose()
        command.downgrade(config, "-1")
        command.upgrade(config, "+1")
        command.downgrade(config, "-1")
    assert total == len(metadata.tables)
    command.upgrade(config, "head")


def test_without_its_use_a_doors_session_does_not_become_a_residents_own(database):
    owner, _ = database
    command.upgrade(configuration(owner), "0011")
    engine = engine_of(owner)
    fill_every_table(engine, metadata)
    with engine.begin() as connection:
        connection.execute(text("UPDATE session_families SET use = 'verifier', ended_at = NULL"))
    command.downgrade(configuration(owner), "0010")
    with engine.connect() as connection:
        ended = connection.scalars(text("SELECT ended_because FROM session_families")).all()
    command.upgrade(configuration(owner), "0011")
    engine.dispose()
    assert ended == ["remote"]


def test_what_a_face_confirmed_ends_where_nothing_can_tell_how_it_became_good(database):
    owner, _ = database
    command.upgrade(configuration(owner), "0031")
    engine = engine_of(owner)
    fill_every_table(engine, metadata)
    by_face = (
        "UPDATE mandates SET status = 'active', confirmed_how = 'face', face_check_id = id,"
        " principal_person_id = (SELECT id FROM persons LIMIT 1)"
    )
    his_own = (
        "INSERT INTO consent_events SELECT (jsonb_populate_record(c, jsonb_build_object("
        " 'id', gen_random_uuid(), 'account_id', NULL, 'person_id', gen_random_uuid()))).*"
        " FROM consent_events c"
    )
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE mandates DROP CONSTRAINT ck_mandates_not_for_oneself"))
        connection.execute(text(by_face))
        connection.execute(text(his_own))
    command.downgrade(configuration(owner), "0030")
    with engine.connect() as connection:
        mandate = connection.execute(
            text("SELECT status, ended_by, confirmed_how FROM mandates")
        ).one()
        consents = connection.scalar(text("SELECT count(*) FROM consent_events"))
    command.upgrade(configuration(owner), "0031")
    engine.dispose()
    assert tuple(mandate) == ("revoked", "system", None)
    assert consents == 1


def test_the_application_cannot_change_what_is_append_only(database):
    owner, app = database
    command.upgrade(configuration(owner), "head")
    engine = engine_of(owner)
    fill_every_table(engine, metadata)
    engine.dispose()
    engine = engine_of(app)
    tables = (
        "audit_rows",
        "audit_seals",
        "audit_heads",
        "destruction_records",
        "consent_events",
        "mandate_uses",
        "scans",
        "health_declarations",
        "health_evidence",
        "ledger_postings",
        "ledger_entries",
        "provider_events",
        "receipts",
    )
    for table in tables:
        for statement in (
            f"DELETE FROM {table}",
            f"UPDATE {table} SET {KEY.get(table, 'id')} = {KEY.get(table, 'id')}",
        ):
            with engine.connect() as connection, pytest.raises(ProgrammingError):
                connection.execute(text(statement))
    with engine.connect() as connection:
        partitions = connection.scalars(
            text("SELECT c.relname FROM pg_class c WHERE c.relispartition AND c.relkind = 'r'")
        ).all()
    assert len(partitions) >= 30
    for partition in partitions:
        with engine.connect() as connection, pytest.raises(ProgrammingError):
            connection.execute(text(f"DELETE FROM {partition}"))
    engine.dispose()


def test_what_was_ordered_and_paid_cannot_be_deleted(database):
    owner, app = database
    command.upgrade(configuration(owner), "head")
    engine = engine_of(app)
    for table in ("bills", "orders", "order_lines", "payment_attempts", "bookings"):
        with engine.connect() as connection, pytest.raises(ProgrammingError):
            connection.execute(text(f"DELETE FROM {table}"))
    engine.dispose()


def test_the_application_cannot_change_the_structure(database):
    owner, app = database
    command.upgrade(configuration(owner), "head")
    engine = engine_of(app)
    for statement in ("CREATE TABLE x (y int)", "DROP TABLE accounts", "TRUNCATE audit_rows"):
        with engine.connect() as connection, pytest.raises(ProgrammingError):
            connection.execute(text(statement))
    engine.dispose()


def test_partitions_are_made_ahead_and_only_of_our_own_tables(database):
    owner, app = database
    command.upgrade(configuration(owner), "head")
    engine = engine_of(app)
    with engine.begin() as connection:
        made = text("SELECT huiban_ensure_days('audit_rows', 20)")
        assert connection.scalar(made) == 6
        assert connection.scalar(made) == 0
    with engine.connect() as connection, pytest.raises(Exception, match="not partitioned"):
        connection.execute(text("SELECT huiban_ensure_days('accounts', 1)"))
    engine.dispose()
