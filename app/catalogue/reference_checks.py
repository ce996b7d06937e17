"""The rules of the small tables: regions, themes, documents, ethnic groups, departments."""

from typing import Any

from app.catalogue.codes import parse_region
from app.catalogue.tables import Notes, Row, choice, day, flag, once, whole
from app.core.uscc import is_uscc

#: One row as it goes into its table.
Values = dict[str, Any]


def check_regions(rows: list[Row], notes: Notes) -> list[Values]:
    """Divisions: the code's zeros say the level, the parent stands one level above."""
    once(rows, lambda row: row["code"], "code", notes)
    checked = [_region(row, notes) for row in rows]
    known = {values["code"]: values for values in checked}
    for row, values in zip(rows, checked, strict=True):
        _check_parent(row, values, known, notes)
    if rows and sum(values["parent_code"] is None for values in checked) != 1:
        notes.add(rows[0], "parent_code", "应恰有一个省级地区。", "Exactly one row has no parent.")
    # A row may refer to its parent only once that is stored.
    return sorted(checked, key=lambda values: (values["level"] or 0, values["code"]))


def _region(row: Row, notes: Notes) -> Values:
    code, level = parse_region(row["code"]), whole(row, "level", notes, most=6)
    county = flag(row, "acts_as_county", notes)
    if code is None:
        notes.add(row, "code", "应为 12 位数字。", "It must have 12 digits.")
    elif level is not None and code.level != (4 if county else level):
        notes.add(row, "level", "与代码的层级不符。", "The code stands for another level.")
    if county and level != 3:
        notes.add(
            row, "acts_as_county", "省直管单位按市级列。", "Such a unit is listed at level 3."
        )
    since, until = day(row, "valid_from", notes), day(row, "valid_until", notes)
    if since and until and until <= since:
        notes.add(row, "valid_until", "应晚于生效日期。", "It must be after valid_from.")
    return {
        "code": row["code"],
        "name": row["name"],
        "level": level,
        "parent_code": row["parent_code"] or None,
        "acts_as_county": county,
        "valid_from": since,
        "valid_until": until,
        "demonstration": flag(row, "demonstration", notes),
        "note": row["note"] or None,
    }


def _check_parent(row: Row, values: Values, known: dict[str, Values], notes: Notes) -> None:
    code, level = parse_region(values["code"]), values["level"]
    if code is None or level is None:
        return
    if level == 2:
        if values["parent_code"]:
            notes.add(row, "parent_code", "省级没有上级。", "A province has no parent here.")
        return
    parent = known.get(values["parent_code"])
    above = parse_region(values["parent_code"] or "")
    if parent is None or above is None:
        notes.add(row, "parent_code", "上级地区不存在。", "There is no such parent.")
        return
    lowest = 4 if parent["acts_as_county"] else parent["level"]
    if lowest != level - 1 or not code.text.startswith(above.own_digits):
        notes.add(row, "parent_code", "不是直接上级。", "It is not the division right above.")
    if parent["demonstration"] and not values["demonstration"]:
        notes.add(row, "demonstration", "演示地区之下须标演示。", "Below an invented place.")


def check_themes(rows: list[Row], notes: Notes) -> list[Values]:
    """Headings: codes and names once each."""
    once(rows, lambda row: row["code"], "code", notes)
    once(rows, lambda row: row["name"], "name", notes)
    for row in rows:
        if len(row["code"]) != 3 or not (row["code"].isascii() and row["code"].isdigit()):
            notes.add(row, "code", "应为 3 位数字。", "It must have 3 digits.")
    return [
        {
            "code": row["code"],
            "name": row["name"],
            "audience": choice(row, "audience", ("person", "organisation", "both"), notes),
            "list": choice(row, "list", ("national", "own"), notes),
            "position": whole(row, "position", notes),
        }
        for row in rows
    ]


def check_document_types(rows: list[Row], notes: Notes) -> list[Values]:
    """Kinds of documents."""
    once(rows, lambda row: row["code"], "code", notes)
    for row in rows:
        if not row["code"].isidentifier() or not row["code"].isascii():
            notes.add(row, "code", "应为英文标识。", "It must be an English identifier.")
    return [
        {
            "code": row["code"],
            "name": row["name"],
            "name_en": row["name_en"],
            "holder": choice(row, "holder", ("person", "organisation"), notes),
            "position": whole(row, "position", notes),
        }
        for row in rows
    ]


def check_ethnic_groups(rows: list[Row], notes: Notes) -> list[Values]:
    """GB/T 3304: two digits each."""
    once(rows, lambda row: row["code"], "code", notes)
    once(rows, lambda row: row["name"], "name", notes)
    for row in rows:
        if len(row["code"]) != 2 or not (row["code"].isascii() and row["code"].isdigit()):
            notes.add(row, "code", "应为 2 位数字。", "It must have 2 digits.")
    return [dict(row.cells) for row in rows]


def check_departments(rows: list[Row], notes: Notes) -> list[Values]:
    """Offices by their 统一社会信用代码, kinds of offices by a code of ours."""
    once(rows, lambda row: row["code"], "code", notes)
    once(rows, lambda row: row["name"], "name", notes)
    for row in rows:
        if row["uscc"] and not is_uscc(row["uscc"]):
            notes.add(row, "uscc", "统一社会信用代码校验不通过。", "Its check characters fail.")
        if row["uscc"] and row["code"] != row["uscc"]:
            notes.add(row, "code", "应与信用代码相同。", "It must equal the credit code.")
        if not row["uscc"] and not row["code"].startswith("ZZ"):
            notes.add(row, "code", "没有信用代码的以 ZZ 开头。", "Without one it begins with ZZ.")
    return [
        {
            "code": row["code"],
            "name": row["name"],
            "uscc": row["uscc"] or None,
            "name_inferred": flag(row, "name_inferred", notes),
        }
        for row in rows
    ]
