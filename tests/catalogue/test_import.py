"""Importing the shipped tables: what is in them, once, and what happens when they change."""

import pytest
from sqlalchemy import func, select, text

from app.catalogue import cli
from app.catalogue.errors import ImportRunning
from app.catalogue.models import (
    CatalogueImport,
    Department,
    DocumentType,
    EthnicGroup,
    Matter,
    Region,
    Theme,
)
from app.catalogue.services import import_catalogue
from app.core.db import unit_of_work


def how_many(session, model, *conditions):
    return session.scalar(select(func.count()).select_from(model).where(*conditions))


def test_the_menu_has_918_entries_of_which_321_have_real_codes(imported, session):
    assert how_many(session, Matter, Matter.in_menu) == 918
    assert how_many(session, Matter, Matter.in_menu, Matter.code_is_real) == 321
    assert how_many(session, Matter, Matter.in_menu, Matter.base_code.startswith("ZZ")) == 597
    assert how_many(session, Matter, ~Matter.in_menu) == 305
    assert how_many(session, Matter, ~Matter.in_menu, ~Matter.code_is_real) == 0
    assert imported.counts["menu"] == 918
    assert imported.counts["menu_real"] == 321


def test_missing_days_are_null_and_never_zero(imported, session):
    assert how_many(session, Matter, Matter.legal_days.is_(None)) > 700
    assert how_many(session, Matter, (Matter.legal_days < 1) | (Matter.promise_days < 1)) == 0
    made_up = (~Matter.code_is_real) & (
        Matter.legal_days.is_not(None) | Matter.promise_days.is_not(None)
    )
    assert how_many(session, Matter, made_up) == 0
    assert how_many(session, Matter, Matter.visits.is_not(None)) == 0
    assert how_many(session, Matter, Matter.online & Matter.pay_scheme.is_(None)) == 0


def test_near_duplicates_are_aliases_of_one_entry_and_say_why(imported, session):
    canonical = session.scalars(select(Matter.alias_of).where(Matter.alias_of.is_not(None))).all()
    assert len(canonical) == imported.counts["aliases"] == 41
    chained = select(Matter.code).where(Matter.code.in_(canonical), Matter.alias_of.is_not(None))
    assert session.scalars(chained).all() == []
    assert how_many(session, Matter, Matter.alias_of.is_not(None), Matter.alias_reason == "") == 0


def test_hubei_has_17_cities_and_103_counties(imported, session):
    today = Region.valid_until.is_(None)
    real = (~Region.demonstration) & today
    assert how_many(session, Region, real, Region.level == 2) == 1
    assert how_many(session, Region, real, Region.level == 3) == 17
    assert how_many(session, Region, real, (Region.level == 4) | Region.acts_as_county) == 103
    # Areas of the statistical office are no divisions (GB/T 2260 does not know them).
    areas = Region.code.in_(["421071000000", "421171000000", "429000000000"])
    assert how_many(session, Region, areas) == 0


def test_the_demonstration_county_is_marked_down_to_its_villages(imported, session):
    levels = session.scalars(
        select(Region.level).where(Region.demonstration).order_by(Region.level)
    ).all()
    assert levels == [4, 5, 5, 6, 6, 6, 6]
    names = session.scalars(select(Region.name).where(Region.demonstration)).all()
    assert all(name.startswith("演示") for name in names)


def test_the_tables_of_words_are_filled(imported, session):
    assert how_many(session, EthnicGroup) == 58
    assert how_many(session, DocumentType, DocumentType.holder == "organisation") == 1
    assert how_many(session, Department) == 82
    used = select(Matter.theme_code).distinct().scalar_subquery()
    assert how_many(session, Theme, Theme.code.in_(used)) == 45


def test_importing_again_changes_nothing(imported, session, count_sql):
    with count_sql() as statements:
        again = import_catalogue(session)
    assert not again.changed
    assert again.version == imported.version
    assert not [each for each in statements if each.startswith(("INSERT", "UPDATE"))]
    assert how_many(session, CatalogueImport) == 1


def test_a_changed_table_updates_its_rows_and_keeps_their_ids(imported, session, folder, edit):
    code = "ZZ4DEA9FF34B"
    before = session.scalar(select(Matter.id).where(Matter.code == code))

    def rename(rows):
        for row in rows:
            if code in (row.get("base_code"), row.get("code")):
                row["name"] = "社保缴费（本人）"

    for file in ("matters.csv", "hot.csv", "everyday_words.csv"):
        edit(file, rename)
    again = import_catalogue(session, folder)
    assert again.changed
    assert again.version > imported.version
    assert again.content_hash != imported.content_hash
    found = session.execute(select(Matter.id, Matter.name).where(Matter.code == code)).one()
    assert found == (before, "社保缴费（本人）")


def test_reordering_rows_keeps_every_code(imported, session, folder, edit):
    codes = set(session.scalars(select(Matter.code)))
    edit("matters.csv", lambda rows: rows.reverse())
    import_catalogue(session, folder)
    assert set(session.scalars(select(Matter.code))) == codes
    assert how_many(session, Matter, Matter.withdrawn_at.is_not(None)) == 0


def test_a_vanished_row_is_withdrawn_not_deleted_and_may_come_back(imported, session, folder, edit):
    kept = (folder / "matters.csv").read_bytes()
    edit("matters.csv", lambda rows: rows.pop())
    assert import_catalogue(session, folder).withdrawn == 1
    assert how_many(session, Matter) == 1223
    assert how_many(session, Matter, Matter.withdrawn_at.is_not(None)) == 1
    (folder / "matters.csv").write_bytes(kept)
    assert import_catalogue(session, folder).changed
    assert how_many(session, Matter, Matter.withdrawn_at.is_not(None)) == 0


def test_progress_is_told_up_to_the_last_row(session):
    told = []
    import_catalogue(session, progress=lambda done, total: told.append((done, total)))
    assert told[0][0] == 0
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] == 1223 + 126 + 61 + 9 + 58 + 82


def test_two_imports_at_once_do_not_mix(live_core):
    with unit_of_work(live_core) as first, unit_of_work(live_core) as second:
        import_catalogue(first)
        with pytest.raises(ImportRunning):
            import_catalogue(second)


def test_every_statement_of_an_import_fits_the_time_of_a_web_connection(live_core):
    with unit_of_work(live_core) as session:
        assert session.scalar(text("SHOW statement_timeout")) == "1500ms"
        assert import_catalogue(session).changed


def command(app, *arguments):
    with app.app_context():
        return app.test_cli_runner().invoke(cli.catalogue, ["import", *arguments])


def test_the_command_imports_and_says_what_is_real(app):
    first = command(app)
    assert first.exit_code == 0
    assert "918 menu entries: 321 with real Hubei codes, 597 without" in first.output
    assert "41 of them aliases" in first.output
    assert "305 further Hubei items" in first.output
    assert "17 市州, 103 counties" in first.output
    assert "already current" in command(app).output


def test_the_command_reports_each_bad_row_and_fails(app, folder, edit):
    edit("matters.csv", lambda rows: rows[0].update(legal_days="0"))
    answer = command(app, "--directory", str(folder))
    assert answer.exit_code == 1
    assert "matters.csv:2 [legal_days]" in answer.output
    assert "nothing was imported" in answer.output
