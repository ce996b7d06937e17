"""Each kind of bad row is reported with its place, and then nothing at all is stored."""

import pytest
from sqlalchemy import func, select

from app.catalogue.errors import RowsRefused
from app.catalogue.models import CatalogueImport, Matter, Region
from app.catalogue.services import DATA, checked_tables, import_catalogue

REAL = "1142000001104331372000164154001" + "02"


def setting(**cells):
    return lambda row: row.update(cells)


def coded(row):
    return row["base_code"] == "000164154001"


def uncoded(row):
    return row["origin"] == "known"


def direct(row):
    return row["code"] == "429004000000"


def county(row):
    return row["code"] == "420102000000"


BAD_MATTERS = [
    (uncoded, setting(menu="J"), "menu"),
    (uncoded, setting(name=""), "name"),
    (uncoded, setting(name=" 新生儿入户"), "name"),
    (uncoded, setting(name="长" * 301), "name"),
    (uncoded, setting(name="新生儿\x07入户"), "name"),
    (uncoded, setting(department="无此部门"), "department"),
    (uncoded, setting(theme="无此主题"), "theme"),
    (uncoded, setting(service_object="外星人"), "service_object"),
    (uncoded, setting(matter_type="许可"), "matter_type"),
    (uncoded, setting(level="国级"), "level"),
    (uncoded, setting(base_code=""), "base_code"),
    (uncoded, setting(base_code="ZZ00000000"), "base_code"),
    (uncoded, setting(base_code="000164154001"), "base_code"),
    (uncoded, setting(transact_code=REAL), "transact_code"),
    (uncoded, setting(origin="invented"), "origin"),
    (uncoded, setting(origin="hubei"), "base_code"),
    (uncoded, setting(legal_days="0", days_origin="sample"), "legal_days"),
    (uncoded, setting(legal_days="-3", days_origin="sample"), "legal_days"),
    (uncoded, setting(legal_days="五", days_origin="sample"), "legal_days"),
    (uncoded, setting(legal_days="5"), "days_origin"),
    (uncoded, setting(days_origin="sample"), "days_origin"),
    (uncoded, setting(handling="立即"), "handling"),
    (coded, setting(promise_days="21"), "promise_days"),
    (coded, setting(base_code="000164154002"), "impl_code"),
    (coded, setting(impl_code=""), "impl_code"),
    (coded, setting(impl_code="1142000001104331372000164154002"), "impl_code"),
    (coded, setting(transact_code=REAL[:-1]), "transact_code"),
    (coded, setting(transact_code="2" + REAL[1:]), "transact_code"),
    (coded, setting(department="湖北省司法厅"), "department"),
    (coded, setting(level="县级"), "level"),
    (coded, setting(matter_type="公共服务"), "matter_type"),
]
BAD_REGIONS = [
    (county, setting(code="42010200000"), "code"),
    (county, setting(code="420102000001"), "level"),
    (county, setting(level="7"), "level"),
    (county, setting(level="3"), "level"),
    (county, setting(parent_code="429900000000"), "parent_code"),
    (county, setting(parent_code="420200000000"), "parent_code"),
    (county, setting(parent_code="420000000000"), "parent_code"),
    (county, setting(parent_code=""), "parent_code"),
    (county, setting(valid_from="2020-13-01"), "valid_from"),
    (county, setting(valid_from="2020-02-01", valid_until="2020-01-01"), "valid_until"),
    (county, setting(demonstration="yes"), "demonstration"),
    (county, setting(acts_as_county="1"), "acts_as_county"),
    (direct, setting(acts_as_county="0"), "level"),
]


@pytest.mark.parametrize(("which", "spoil", "column"), BAD_MATTERS)
def test_a_bad_entry_is_refused(folder, edit, which, spoil, column):
    assert_refused(folder, edit, "matters.csv", which, spoil, column)


@pytest.mark.parametrize(("which", "spoil", "column"), BAD_REGIONS)
def test_a_bad_division_is_refused(folder, edit, which, spoil, column):
    assert_refused(folder, edit, "regions.csv", which, spoil, column)


@pytest.mark.parametrize(
    ("file", "spoil", "column"),
    [
        ("themes.csv", setting(code="1"), "code"),
        ("themes.csv", setting(audience="all"), "audience"),
        ("themes.csv", setting(position="0"), "position"),
        ("document_types.csv", setting(code="身份证"), "code"),
        ("document_types.csv", setting(holder="dog"), "holder"),
        ("ethnic_groups.csv", setting(code="1"), "code"),
        ("departments.csv", setting(uscc="11420000011043372B"), "uscc"),
        ("departments.csv", setting(code="X1"), "code"),
        ("departments.csv", setting(name_inferred="?"), "name_inferred"),
        ("aliases.csv", setting(alias_name="别的名称"), "alias_code"),
        ("aliases.csv", setting(canonical_code="ZZ0000000000"), "canonical_code"),
        ("aliases.csv", setting(reason=""), "reason"),
        ("hot.csv", setting(rank="first"), "rank"),
        ("hot.csv", setting(code="ZZ0000000000"), "code"),
        ("everyday_words.csv", setting(words="娃"), "words"),
        ("everyday_words.csv", setting(words="——"), "words"),
        ("everyday_words.csv", setting(name="别的名称"), "code"),
        ("everyday_words.csv", setting(code="ZZBAE327166A", name="出入境记录查询"), "code"),
        ("paid_here.csv", setting(scheme="resident_pension"), "scheme"),
        ("paid_here.csv", setting(scheme=""), "scheme"),
        ("paid_here.csv", setting(reason=""), "reason"),
        ("paid_here.csv", setting(name="别的名称"), "code"),
        (
            "paid_here.csv",
            setting(code="ZZ8C959A4730", name="城乡居民基本医疗保险缴费（本人）"),
            "code",
        ),
        (
            "paid_here.csv",
            setting(code="ZZD885EDE2DA", name="机关事业单位职业年金缴费工资申报"),
            "code",
        ),
    ],
)
def test_a_bad_row_of_a_small_table_is_refused(folder, edit, file, spoil, column):
    assert_refused(folder, edit, file, lambda row: True, spoil, column)


def assert_refused(folder, edit, file, which, spoil, column):
    line = 0

    def change(rows):
        nonlocal line
        line = next(number for number, row in enumerate(rows, 2) if which(row))
        spoil(rows[line - 2])

    edit(file, change)
    with pytest.raises(RowsRefused) as refused:
        checked_tables(folder)
    places = [(finding.file, finding.row, finding.column) for finding in refused.value.findings]
    assert (file, line, column) in places


def test_all_findings_are_reported_at_once_and_nothing_is_stored(folder, edit, session):
    def spoil(rows):
        rows[0]["legal_days"] = "0"
        rows[10]["theme"] = "无此主题"
        rows[20]["service_object"] = ""

    edit("matters.csv", spoil)
    edit("regions.csv", lambda rows: rows[3].update(name=""))
    with pytest.raises(RowsRefused) as refused:
        import_catalogue(session, folder)
    assert {(finding.file, finding.row) for finding in refused.value.findings} >= {
        ("matters.csv", 2),
        ("matters.csv", 12),
        ("matters.csv", 22),
        ("regions.csv", 5),
    }
    for model in (Matter, Region, CatalogueImport):
        assert session.scalar(select(func.count()).select_from(model)) == 0


def test_a_repeated_row_names_the_line_it_repeats(folder, edit):
    edit("matters.csv", lambda rows: rows.append(dict(rows[0])))
    with pytest.raises(RowsRefused) as refused:
        checked_tables(folder)
    finding = refused.value.findings[0]
    assert (finding.row, finding.column) == (1225, "base_code")
    assert "2" in finding.en


def test_a_missing_code_is_answered_with_the_fitting_artificial_one(folder, edit):
    codes = []

    def spoil(rows):
        row = next(row for row in rows if row["name"] == "新生儿入户")
        codes.append(row["base_code"])
        row["base_code"] = ""

    edit("matters.csv", spoil)
    with pytest.raises(RowsRefused) as refused:
        checked_tables(folder)
    assert any(codes[0] in finding.en for finding in refused.value.findings)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"code,name\n01\n",
        b"name,code\n",
        b'code,name\n01,"unclosed\n',
        b"code,name\n01,a,b\n",
        b"code,name\n01,a\x00b\n",
    ],
)
def test_a_spoiled_file_is_a_finding_not_a_failure(folder, content):
    (folder / "ethnic_groups.csv").write_bytes(content)
    with pytest.raises(RowsRefused) as refused:
        checked_tables(folder)
    assert {finding.file for finding in refused.value.findings} == {"ethnic_groups.csv"}


def test_a_missing_file_is_a_finding(folder):
    (folder / "themes.csv").unlink()
    with pytest.raises(RowsRefused) as refused:
        checked_tables(folder)
    assert "themes.csv" in {finding.file for finding in refused.value.findings}


def test_an_alias_may_lose_neither_people_nor_places(folder, edit):
    def narrow(rows):
        for row in rows:
            if row["name"] == "用水报装":
                row["service_object"] = "自然人"
            if row["name"] == "用电报装":
                row["level"] = "村级"

    edit("matters.csv", narrow)
    with pytest.raises(RowsRefused) as refused:
        checked_tables(folder)
    words = " ".join(finding.en for finding in refused.value.findings)
    assert "lose for_organisation" in words
    assert "fewer places" in words


def test_an_alias_neither_leads_to_an_alias_nor_to_itself(folder, edit):
    def chain(rows):
        rows[0]["canonical_code"] = rows[1]["alias_code"]
        rows[0]["canonical_name"] = rows[1]["alias_name"]
        rows[2]["canonical_code"] = rows[2]["alias_code"]
        rows[2]["canonical_name"] = rows[2]["alias_name"]

    edit("aliases.csv", chain)
    with pytest.raises(RowsRefused) as refused:
        checked_tables(folder)
    assert {finding.row for finding in refused.value.findings} >= {2, 4}


def test_the_shipped_tables_have_no_findings():
    tables, _ = checked_tables(DATA)
    assert len(tables["matters"]) == 1223
