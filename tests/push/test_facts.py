"""Facts: stated by somebody, imported whole or not at all."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.core import clock
from app.core.db import unit_of_work
from push import facts
from push.errors import FactsRefused
from push.facts import Fact
from push.models import PersonFact

HEAD = "document_type,document_number,fact,value,source,as_of"


@pytest.fixture
def imports(core):
    def run(*rows):
        with unit_of_work(core) as session:
            return facts.import_table(session, [HEAD, *rows])

    return run


def row(number, **kept):
    values = {
        "type": "resident_id",
        "fact": "resident_id_expiry",
        "value": "2028-02-29",
        "source": "湖北省公安厅",
        "as_of": "2025-12-01",
    } | kept
    return ",".join([values["type"], number, *(values[n] for n in list(values)[1:])])


def test_a_table_is_recorded_for_the_people_we_know(core, imports, invent):
    me = invent()
    done = imports(row(me.document_number), row("11010519491231002X"))
    assert (done.recorded, done.unknown) == (1, 1)
    with core.session() as session:
        fact = session.scalars(select(PersonFact)).one()
    assert (fact.person_id, fact.value, fact.source, fact.as_of) == (
        me.actor.person,
        date(2028, 2, 29),
        "湖北省公安厅",
        date(2025, 12, 1),
    )


def test_an_older_statement_never_replaces_a_newer_one(core, imports, invent):
    me = invent()
    number = me.document_number
    imports(row(number, value="2036-01-01", as_of="2026-01-01"))
    imports(row(number, value="2026-01-01", as_of="2025-12-31"))
    imports(
        row(number, value="2037-01-01", as_of="2026-02-01"),
        row(number, value="2026-01-01", as_of="2025-12-31"),
    )
    with core.session() as session:
        assert session.scalars(select(PersonFact.value)).one() == date(2037, 1, 1)


WRONG = {
    "another document": {"type": "passport"},
    "a fact nobody knows": {"fact": "shoe_size"},
    "a day that does not exist": {"value": "2027-02-29"},
    "a day in another form": {"value": "2027/02/28"},
    "no source": {"source": " "},
    "a statement from the future": {"as_of": "2999-01-01"},
    "a column too many": {"as_of": "2025-12-01,extra"},
}


@pytest.mark.parametrize("what", WRONG)
def test_one_wrong_line_refuses_the_whole_table_and_is_named(core, imports, invent, what):
    me = invent()
    with pytest.raises(FactsRefused) as refused:
        imports(row(me.document_number), row(me.document_number, **WRONG[what]))
    assert list(refused.value.fields) == ["3"]
    assert me.document_number not in str(refused.value.fields)
    with core.session() as session:
        assert session.scalars(select(PersonFact)).all() == []


def test_a_number_that_cannot_be_one_is_refused_without_repeating_it(imports):
    with pytest.raises(FactsRefused) as refused:
        imports(row("420106194912310021"))
    assert "420106" not in str(refused.value.fields)


def test_other_columns_are_refused(core):
    with unit_of_work(core) as session, pytest.raises(FactsRefused):
        facts.import_table(session, ["number,value", "1,2"])


def test_a_fact_needs_a_known_name_a_source_and_a_day_that_has_been(core, invent):
    person, today = invent().actor.person, clock.legal_today()
    good = Fact(person, "resident_id_expiry", today, "湖北省公安厅", today)
    with unit_of_work(core) as session:
        facts.record(session, [good])
        for wrong in (
            Fact(person, "age", today, "湖北省公安厅", today),
            Fact(person, "resident_id_expiry", today, "", today),
            Fact(person, "resident_id_expiry", today, "x", today + timedelta(days=1)),
        ):
            with pytest.raises(FactsRefused):
                facts.record(session, [wrong])


def test_the_commands_import_and_evaluate(app, core, invent, tmp_path):
    me = invent()
    table = tmp_path / "facts.csv"

    def run(*arguments):
        with app.app_context():
            return app.test_cli_runner().invoke(args=["push", *arguments])

    expires = clock.legal_today() + timedelta(days=5)
    table.write_text(f"{HEAD}\n{row(me.document_number, value=expires.isoformat())}\n", "utf-8")
    done = run("facts", "import", str(table))
    assert (done.exit_code, done.output) == (0, "已记录 recorded 1, 未知人员 unknown people 0\n")
    first, second = (run("evaluate").output for _ in range(2))
    assert "resident-id-expiry v1: 1 notices" in first
    assert "resident-id-expiry v1: 0 notices" in second
    table.write_text(f"{HEAD}\n{row(me.document_number, value='soon')}\n", "utf-8")
    refused = run("facts", "import", str(table))
    assert refused.exit_code == 1
    assert "facts.csv:2:" in refused.output
    assert me.document_number not in refused.output
