"""Departments' users come in once, whatever is repeated, killed or wrong in the file."""

import csv
from contextlib import contextmanager

import pytest
from legacy_support import SOURCE, a_row, enter, write
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError
from support import make_person

from app.core.db import unit_of_work
from app.identity.legacy import importing, linking, reading
from app.identity.legacy.cli import run_import
from app.identity.legacy.errors import ImportRunning
from app.identity.legacy.models import LegacyConflict, LegacyImport, LegacyUser
from app.identity.models import Account


@pytest.fixture
def invoke(app):
    """`invoke(words)`: a command."""

    def call(words):
        with app.app_context():
            return app.test_cli_runner().invoke(args=words)

    return call


@pytest.fixture
def run(invoke, core, tmp_path):
    """`run(rows)`: the command over a file with these rows."""
    enter(core)

    def call(rows, *more, **columns):
        path = write(tmp_path / "users.csv", rows, **columns)
        words = ["legacy", "import", str(path), "--source", SOURCE, *more]
        return invoke(words)

    return call


def users(session):
    session.expire_all()
    return session.scalars(select(LegacyUser).order_by(LegacyUser.row)).all()


def external_ids(session):
    return [linking.plain(session, each, "external_sealed") for each in users(session)]


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def test_every_user_is_stored_once_with_what_the_file_says(run, session):
    done = run([a_row(1), a_row(2, phone="", registered_at="2020-01-02T03:04:05+08:00")])
    assert done.exit_code == 0, done.output
    assert "新增 created 2" in done.output
    first, second = users(session)
    told = {
        column: linking.plain(session, first, f"{column}_sealed")
        for column in ("external", "name", "document", "phone")
    }
    wanted = a_row(1)
    assert told == {
        "external": wanted["external_id"],
        "name": wanted["name"],
        "document": wanted["document_number"],
        "phone": "+86" + wanted["phone"],
    }
    assert first.registered_at.isoformat() == "2019-05-03T16:00:00+00:00"
    assert second.registered_at.isoformat() == "2020-01-01T19:04:05+00:00"
    assert second.phone_sealed is None


def test_the_same_file_again_changes_nothing(run, session):
    rows = [a_row(number) for number in range(1, 6)]
    run(rows)
    before = [(each.id, each.name_sealed, each.content_index) for each in users(session)]
    again = run(rows)
    assert "created 0" in again.output
    assert "unchanged 5" in again.output
    assert "not taken 0" in again.output
    assert [(each.id, each.name_sealed, each.content_index) for each in users(session)] == before


def test_what_changed_is_updated_and_what_vanished_stays(run, session):
    run([a_row(1), a_row(2)])
    before = {each.external_index: each.id for each in users(session)}
    done = run([a_row(2, name="改名")])
    assert "updated 1" in done.output
    assert {each.external_index: each.id for each in users(session)} == before
    names = {linking.plain(session, each, "name_sealed") for each in users(session)}
    assert names == {a_row(1)["name"], "改名"}


def test_importing_makes_no_account(run, session):
    before = count(session, Account)
    done = run([a_row(number) for number in range(1, 20)])
    assert "created 19" in done.output
    assert count(session, Account) == before


WRONG = {
    "row_malformed": a_row(10, name="甲\x07乙"),
    "external_id_missing": a_row(11, external_id=" "),
    "name_missing": a_row(12, name=""),
    "document_invalid": a_row(13, document_number="42999919880314386Y"),
    "phone_invalid": a_row(14, phone="12345"),
    "registered_at_invalid": a_row(15, registered_at="2999-01-01"),
    "external_id_repeated": a_row(16, external_id=a_row(1)["external_id"]),
    "person_repeated": a_row(17, document_number=a_row(1)["document_number"]),
}


def test_each_wrong_row_is_named_with_its_reason_and_none_of_its_data(run, session, tmp_path):
    report = tmp_path / "report.csv"
    done = run([a_row(1), *WRONG.values(), a_row(2)], "--report", str(report))
    assert done.exit_code == 0, done.output
    assert "not taken 8" in done.output
    with report.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [(int(each["row"]), each["reason"]) for each in rows] == list(enumerate(WRONG, 2))
    assert {each["words"] for each in rows} == {reading.REASONS[reason] for reason in WRONG}
    said = report.read_text(encoding="utf-8")
    cells = {cell.strip() for row in WRONG.values() for cell in row.values()} - {"", "resident_id"}
    assert [cell for cell in cells if cell in said] == []
    assert external_ids(session) == [a_row(1)["external_id"], a_row(2)["external_id"]]


def test_a_document_that_another_user_of_the_source_has_is_a_conflict_in_a_later_file(run, session):
    run([a_row(1)])
    done = run([a_row(2, document_number=a_row(1)["document_number"])])
    assert "not taken 1" in done.output
    assert session.scalars(select(LegacyConflict.reason)).all() == ["person_repeated"]
    assert external_ids(session) == [a_row(1)["external_id"]]


def test_two_systems_may_know_the_same_person_by_the_same_name(
    run, invoke, core, session, tmp_path
):
    run([a_row(1)])
    enter(core, "wuhan-yb")
    path = write(tmp_path / "other.csv", [a_row(1)])
    words = ["legacy", "import", str(path), "--source", "wuhan-yb"]
    assert "created 1" in invoke(words).output
    assert {each.source for each in users(session)} == {SOURCE, "wuhan-yb"}
    assert len({each.external_index for each in users(session)}) == 2


def test_other_columns_refuse_the_whole_file(run, session):
    done = run([a_row(1)], columns=[*reading.COLUMNS, "password"])
    assert done.exit_code == 1
    assert "external_id, phone, name" in done.output
    done = run([a_row(1)], columns=reading.COLUMNS[:-1])
    assert done.exit_code == 1
    assert (count(session, LegacyUser), count(session, LegacyImport)) == (0, 0)


def test_a_file_in_another_encoding_and_an_unknown_source_are_refused(
    run, invoke, session, tmp_path
):
    path = tmp_path / "gbk.csv"
    path.write_bytes((",".join(reading.COLUMNS) + "\n1,,张三,,,\n").encode("gb18030"))
    for source in (SOURCE, "nobody"):
        words = ["legacy", "import", str(path), "--source", source]
        done = invoke(words)
        assert done.exit_code == 1
        assert "UTF-8" in done.output
    path = write(tmp_path / "users.csv", [a_row(1)])
    words = ["legacy", "import", str(path), "--source", "nobody"]
    assert "legacy source" in invoke(words).output
    assert count(session, LegacyImport) == 0


@pytest.fixture
def killed_at(live_core):
    """`with killed_at(n):` the n-th transaction loses its connection before its end."""

    @contextmanager
    def kill(number):
        left = iter(range(number - 1, 0, -1))

        def cut(connection):
            if next(left, None) is None:
                connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

        engine = live_core.database.engine
        event.listen(engine, "commit", cut)
        try:
            with pytest.raises(OperationalError):
                yield
        finally:
            event.remove(engine, "commit", cut)

    return kill


def three_thousand(known):
    rows = [a_row(number) for number in range(1, 3_001)]
    for number in (500, 1_500, 2_500):
        rows[number] = a_row(number + 1, phone="bad")
    rows[2_700] = rows[3]
    own = {"name": known.name, "document_number": known.document_number}
    rows[1_200] = a_row(1_201, **own)
    return rows


def test_three_thousand_rows_killed_in_the_middle_go_on_where_they_stopped(
    live_core, tmp_path, killed_at
):
    known = make_person(live_core)
    rows = three_thousand(known)
    enter(live_core)
    examined = reading.examine(write(tmp_path / "users.csv", rows))

    def begun():
        with unit_of_work(live_core) as session:
            return importing.begin(session, SOURCE, examined).id

    import_id, seen = begun(), []
    # Each batch is stored, then linked, after one look at what a run before left unlinked.
    with killed_at(4):
        run_import(live_core, import_id, examined, seen.append)
    assert stored(live_core) == 999
    assert begun() == import_id
    with killed_at(3):
        run_import(live_core, import_id, examined, seen.append)
    assert stored(live_core) == 1_998
    assert linked(live_core) == []
    assert begun() == import_id
    run_import(live_core, import_id, examined, seen.append)
    assert seen == [0, 1_000, 1_000, 2_000, 3_000]
    with unit_of_work(live_core) as session:
        done = importing.finish(session, import_id)
        assert (done.done, done.linked, done.created) == (3_000, 3_000, 2_996)
        refused = [(each.row, each.reason) for each in importing.conflicts(session, import_id)]
    assert refused == [
        (501, "phone_invalid"),
        (1_501, "phone_invalid"),
        (2_501, "phone_invalid"),
        (2_701, "external_id_repeated"),
    ]
    assert stored(live_core) == 2_996
    assert linked(live_core) == [(1_201, known.actor.account)]
    assert begun() != import_id
    assert_nothing_plain(live_core, rows[1_200])


def linked(core):
    theirs = select(LegacyUser.row, LegacyUser.linked_account_id)
    with unit_of_work(core) as session:
        found = session.execute(theirs.where(LegacyUser.linked_at.is_not(None)))
        return [tuple(each) for each in found]


def stored(core):
    with unit_of_work(core) as session:
        return count(session, LegacyUser)


def assert_nothing_plain(core, row):
    """Neither the rows as a dump writes them nor a job or an event says who it is."""
    with unit_of_work(core) as session:
        tables = session.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).all()
        dump = {}
        for table in tables:
            content = text(f'SELECT string_agg(t::text, chr(10)) FROM "{table}" t')
            if session.scalar(text(f"SELECT has_table_privilege('{table}', 'SELECT')")):
                dump[table] = session.scalar(content) or ""
    assert "legacy_linked" in dump["events"]
    for column in ("external_id", "name", "document_number", "phone"):
        plain = row[column]
        hexadecimal = plain.encode().hex()
        found = [name for name, rows in dump.items() if plain in rows or hexadecimal in rows]
        assert found == [], column


def test_two_imports_of_one_source_do_not_run_into_each_other(live_core, tmp_path):
    enter(live_core)
    examined = reading.examine(write(tmp_path / "users.csv", [a_row(1), a_row(2)]))
    rows = list(reading.rows(examined.path))
    with unit_of_work(live_core) as session:
        import_id = importing.begin(session, SOURCE, examined).id
    with unit_of_work(live_core) as first:
        importing.store(first, import_id, 0, rows[:1])
        with pytest.raises(ImportRunning), unit_of_work(live_core) as second:
            importing.store(second, import_id, 0, rows[:1])
    with pytest.raises(ImportRunning), unit_of_work(live_core) as second:
        importing.store(second, import_id, 0, rows[:1])
    assert stored(live_core) == 1
