"""The rules of what points at entries: aliases, the hot ones, everyday words, what is paid here."""

from app.catalogue import searching
from app.catalogue.reference_checks import Values
from app.catalogue.tables import Notes, Row, choice, once, whole
from app.connectors.medical_insurance import SCHEMES


def apply_aliases(rows: list[Row], matters: dict[str, Values], notes: Notes) -> None:
    """Write each alias into its entry.

    An alias must lose nobody: its canonical entry reaches at least the same people and places.
    """
    once(rows, lambda row: row["alias_code"], "alias_code", notes)
    aliases = {row["alias_code"] for row in rows}
    for row in rows:
        alias = _entry(row, "alias", matters, notes)
        canonical = _entry(row, "canonical", matters, notes)
        if alias is None or canonical is None:
            continue
        if row["canonical_code"] in aliases:
            notes.add(row, "canonical_code", "它本身也是别名。", "It is itself an alias.")
        _check_pair(row, alias, canonical, notes)
        alias["alias_of"], alias["alias_reason"] = canonical["code"], row["reason"]


def apply_hot(rows: list[Row], matters: dict[str, Values], notes: Notes) -> None:
    """Write the rank of what is asked for most into its entry."""
    once(rows, lambda row: row["code"], "code", notes)
    once(rows, lambda row: row["rank"], "rank", notes)
    for row in rows:
        rank = whole(row, "rank", notes, most=1_000)
        entry = matters.get(row["code"])
        if entry is None or entry["name"] != row["name"]:
            notes.add(row, "code", "没有此编码与名称的条目。", "No entry has this code and name.")
        elif entry["alias_of"] or not entry["in_menu"]:
            notes.add(row, "code", "应为菜单中的正式条目。", "It must be in the menu, no alias.")
        else:
            entry["hot_rank"] = rank


def apply_everyday_words(rows: list[Row], matters: dict[str, Values], notes: Notes) -> None:
    """Let an entry be found by what people call it (娃娃上户口), as if it were one of its names."""
    once(rows, lambda row: (searching.fold(row["words"]), row["code"]), "words", notes)
    for row in rows:
        entry = matters.get(row["code"])
        if len(searching.fold(row["words"])) < 2:
            notes.add(row, "words", "至少两个字。", "At least two characters.")
        elif entry is None or entry["name"] != row["name"]:
            notes.add(row, "code", "没有此编码与名称的条目。", "No entry has this code and name.")
        elif entry["alias_of"]:
            notes.add(row, "code", "应为正式条目，不是别名。", "It must be no alias.")
        else:
            entry["search_text"] += f" {searching.fold(row['words'])}"
            entry["tokens"] = sorted({*entry["tokens"], *searching.tokens(row["words"])})


def apply_paid_here(rows: list[Row], matters: dict[str, Values], notes: Notes) -> None:
    """Write the scheme whose bills can be paid here into its entry and into the entry's aliases.

    A scheme is one whose bills a department gives us.
    """
    once(rows, lambda row: row["code"], "code", notes)
    for row in rows:
        scheme = choice(row, "scheme", sorted(SCHEMES.values()), notes)
        entry = matters.get(row["code"])
        if entry is None or entry["name"] != row["name"]:
            notes.add(row, "code", "没有此编码与名称的条目。", "No entry has this code and name.")
        elif entry["alias_of"] or not entry["in_menu"]:
            notes.add(row, "code", "应为菜单中的正式条目。", "It must be in the menu, no alias.")
        elif not entry["for_person"]:
            notes.add(row, "code", "只有个人缴费。", "Only persons pay here.")
        else:
            for values in matters.values():
                if row["code"] in (values["code"], values["alias_of"]):
                    values |= {"pay_scheme": scheme, "online": True}


def _entry(row: Row, which: str, matters: dict[str, Values], notes: Notes) -> Values | None:
    entry = matters.get(row[f"{which}_code"])
    if entry is None or entry["name"] != row[f"{which}_name"]:
        column = f"{which}_code"
        notes.add(row, column, "没有此编码与名称的条目。", "No entry has this code and name.")
        return None
    return entry


def _check_pair(row: Row, alias: Values, canonical: Values, notes: Notes) -> None:
    if alias is canonical:
        notes.add(row, "canonical_code", "不能是自身的别名。", "An entry is no alias of itself.")
    if alias["in_menu"] and not canonical["in_menu"]:
        notes.add(row, "canonical_code", "菜单条目须指向菜单条目。", "It must be in the menu too.")
    if alias["code_is_real"] and not canonical["code_is_real"]:
        notes.add(row, "alias_code", "有真实编码的应为正式条目。", "The real code must stay.")
    for audience in ("for_person", "for_organisation"):
        if alias[audience] and not canonical[audience]:
            notes.add(row, "canonical_code", "服务对象不能变少。", f"It would lose {audience}.")
    if min(canonical["levels"]) > min(alias["levels"]):
        notes.add(row, "canonical_code", "办理范围不能变小。", "It reaches fewer places.")
