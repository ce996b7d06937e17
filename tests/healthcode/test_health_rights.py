"""What the application cannot do to what is stored, and what is stored nowhere."""

import uuid

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import ProgrammingError

from healthcode.models import Scan
from healthcode.venues import NewVenue, add_staff, register_venue, venues_of

TABLES = (
    "health_declarations",
    "health_evidence",
    "health_authority_answers",
    "health_statuses",
    "scans",
)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("act", ["DELETE FROM {}", "UPDATE {} SET person_id = person_id"])
def test_what_was_declared_found_decided_and_scanned_stays(session, table, act):
    with pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text(act.format(table)))


@pytest.mark.parametrize("column", ["colour", "state", "reasons", "valid_until", "person_id"])
def test_a_colour_cannot_be_edited(session, column):
    with pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text(f"UPDATE health_statuses SET {column} = {column}"))


def test_a_partition_of_scans_is_no_way_around(session):
    (partition,) = session.execute(
        text("SELECT to_regclass('scans_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD'))::text")
    ).one()
    assert partition is not None
    with pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text(f"DELETE FROM {partition}"))


def test_a_scan_of_today_lies_in_todays_partition(new_door, session):
    answer = new_door().scan("HB1:")
    held = text("SELECT tableoid::regclass::text, day FROM scans WHERE id = :id")
    table, day = session.execute(held, {"id": answer["scan_id"]}).one()
    assert table == f"scans_{day:%Y%m%d}"


def test_no_name_number_or_phone_is_stored_in_clear(
    client, session, declare, open_code, authority, new_door, invent
):
    person, door = invent(), new_door()
    authority.says(person, "07")
    declared = declare(person, symptoms=["cough"], contact="yes")
    authority.silent = True
    declare(person)
    open_code(person)
    door.scan(declared["code"], client_scan_id="s1")
    client.get("/api/v1/me/scans", headers=person.headers)
    secrets = (person.name, person.document_number, person.phone, person.phone.removeprefix("+86"))
    searched = 0
    # Partitions are read through their parents.
    tables = inspect(session.connection()).get_table_names()
    for table in (name for name in tables if not name[-8:].isdigit()):
        for (row,) in session.execute(text(f"SELECT t::text FROM {table} t")):
            searched += 1
            assert not any(secret in row for secret in secrets), table
            # What a bytea column shows as hexadecimal digits.
            assert not any(secret.encode().hex() in row for secret in secrets), table
    assert searched > 20


def test_what_was_declared_is_sealed(session, declare, invent):
    declare(invent(), symptoms=["cough"], contact="yes")
    for (row,) in session.execute(text("SELECT answers_sealed FROM health_declarations")):
        assert b"cough" not in row
        assert b"contact" not in row


def test_a_stored_scan_tells_no_health_reason():
    columns = set(Scan.__table__.columns.keys())
    assert not columns & {"category", "evidence_ids", "declaration_id", "status_id", "code"}


def test_registering_a_venue_again_brings_it_up_to_date(session, invent):
    account, venue_id = invent().actor.account, uuid.uuid4()
    for name in ("武汉站", "武汉站（新）"):
        register_venue(session, NewVenue(name, "station", "420106000000", "中北路1号", venue_id))
        add_staff(session, venue_id, account)
    assert venues_of(session, account) == [venue_id]
    names = text("SELECT name FROM venues WHERE id = :id")
    assert session.scalars(names, {"id": venue_id}).all() == ["武汉站（新）"]
