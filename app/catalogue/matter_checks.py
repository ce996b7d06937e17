"""The rules of the entries: codes, days, audience, and what belongs together."""

from dataclasses import dataclass

from app.catalogue import searching
from app.catalogue.codes import (
    MATTER_TYPES,
    artificial_code,
    is_artificial,
    parse_base,
    parse_transact,
)
from app.catalogue.reference_checks import Values
from app.catalogue.tables import Notes, Row, choice, flag, once, whole

#: 行使层级 in the tables' words, as the digits the codes use.
LEVELS = {
    "国家级": [1],
    "省级": [2],
    "市级": [3],
    "县级": [4],
    "乡级": [5],
    "村级": [6],
    "省/市/县": [2, 3, 4],
}
AUDIENCES = {"自然人": (True, False), "法人": (False, True), "自然人、法人": (True, True)}
ORIGINS = ("hubei", "document", "list", "known")
#: More working days than any law grants would be a slip of the pen.
MOST_DAYS = 1_000


@dataclass(frozen=True)
class Known:
    """What an entry may refer to."""

    #: Code by name.
    themes: dict[str, str]
    departments: dict[str, str]


def check_matters(rows: list[Row], known: Known, notes: Notes) -> list[Values]:
    """All entries: those of the menu first, otherwise in the order of the table."""
    once(rows, _code, "base_code", notes)
    once(rows, lambda row: (row["department"], row["name"], row["item_name"]), "name", notes)
    ordered = sorted(rows, key=lambda row: row["menu"] != "Y")
    return [_matter(row, known, position, notes) for position, row in enumerate(ordered, 1)]


def _code(row: Row) -> str:
    return row["transact_code"] or row["base_code"] or f"line {row.number}"


def _matter(row: Row, known: Known, position: int, notes: Notes) -> Values:
    for column, names in (("theme", known.themes), ("department", known.departments)):
        if row[column] not in names:
            notes.add(row, column, "对照表中没有。", "Its own table does not know it.")
    for_person, for_organisation = AUDIENCES.get(
        choice(row, "service_object", AUDIENCES, notes), (True, True)
    )
    level = choice(row, "level", LEVELS, notes)
    department = known.departments.get(row["department"], "")
    _check_codes(row, department, notes)
    return {
        "code": _code(row),
        "code_is_real": bool(row["transact_code"]),
        "base_code": row["base_code"],
        "impl_code": row["impl_code"] or None,
        "name": row["name"],
        "item_name": row["item_name"] or None,
        "department_code": department,
        "theme_code": known.themes.get(row["theme"], ""),
        "for_person": for_person,
        "for_organisation": for_organisation,
        "matter_type": choice(row, "matter_type", tuple(MATTER_TYPES.values()), notes),
        "levels": LEVELS.get(level, [2]),
        **_days(row, notes),
        "handling": choice(row, "handling", ("", "即办件", "承诺件"), notes) or None,
        "origin": choice(row, "origin", ORIGINS, notes),
        "in_menu": flag(row, "menu", notes, yes="Y", no=""),
        "position": position,
        "hot_rank": None,
        # No source says whether or how often one must come: nothing is made up.
        "online": False,
        "visits": None,
        "pay_scheme": None,
        "alias_of": None,
        "alias_reason": None,
        **_search_values(row),
    }


def _search_values(row: Row) -> Values:
    names = (row["name"], row["item_name"])
    return {
        "search_text": searching.searchable(*names),
        "tokens": searching.tokens(*names, row["base_code"], _code(row)),
    }


def _days(row: Row, notes: Notes) -> Values:
    legal = whole(row, "legal_days", notes, most=MOST_DAYS)
    promised = whole(row, "promise_days", notes, most=MOST_DAYS)
    if legal and promised and promised > legal:
        notes.add(row, "promise_days", "承诺时限超过法定时限。", "It exceeds the legal days.")
    choice(row, "days_origin", ("", "sample", "department"), notes)
    if bool(row["days_origin"]) != bool(row["legal_days"] or row["promise_days"]):
        notes.add(row, "days_origin", "有时限才有来源。", "It goes with the days, and only then.")
    origin = row["days_origin"] or None
    return {"legal_days": legal, "promise_days": promised, "days_origin": origin}


def _check_codes(row: Row, department: str, notes: Notes) -> None:
    if row["origin"] == "hubei":
        _check_real(row, department, notes)
        return
    if row["impl_code"] or row["transact_code"]:
        notes.add(row, "transact_code", "只有湖北真实事项有此编码。", "Only real items have one.")
    if not is_artificial(row["base_code"]):
        parts = (row["department"], row["name"], row["item_name"], row["level"])
        fitting = artificial_code(*parts)
        notes.add(
            row,
            "base_code",
            f"没有真实编码的写人工编码，例如 {fitting}。",
            f"Without a real code it is artificial, here {fitting}.",
        )


def _check_real(row: Row, department: str, notes: Notes) -> None:
    base, transact = parse_base(row["base_code"]), parse_transact(row["transact_code"])
    if base is None:
        notes.add(row, "base_code", "不是 12 位基本编码。", "This is not a base code.")
    if transact is None:
        zh, en = (
            "不是 33 位业务编码，或校验不通过。",
            "This is not a transact code, or a check fails.",
        )
        notes.add(row, "transact_code", zh, en)
    if base is None or transact is None:
        return
    implementation = transact.implementation
    if implementation.text != row["impl_code"] or implementation.base != base:
        notes.add(row, "impl_code", "三个编码互不一致。", "The three codes do not agree.")
    if implementation.uscc != department:
        notes.add(row, "department", "与编码中的部门不符。", "The code names another office.")
    if LEVELS.get(row["level"]) != [implementation.level]:
        notes.add(row, "level", "与编码中的行使层级不符。", "The code says another level.")
    if MATTER_TYPES[base.type] != row["matter_type"]:
        notes.add(row, "matter_type", "与编码中的类型不符。", "The code says another type.")
