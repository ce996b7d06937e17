"""Words for notices. They are made when somebody reads, so no name is stored with a notice."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from app.core import clock
from app.core.db import Session
from push import names, rulebook
from push.models import Notice
from push.rules import Language, Rule
from push.sources import Kind

#: The last moment of a legal day.
_END_OF_DAY = time(23, 59, 59)


@dataclass(frozen=True)
class Composed:
    """A notice in words."""

    title: str
    body: str
    because: str
    #: Null where the notice is about nobody in particular.
    masked_name: str | None


_WAITING: dict[Language, Composed] = {
    "zh": Composed("新消息", "该消息暂时无法显示，请稍后再看。", "", None),
    "en": Composed("News", "This cannot be shown right now; please look again later.", "", None),
}


def rule_of(notice: Notice) -> Rule | None:
    """The version of the rule that made the notice; None where this process cannot word the notice."""
    rule = rulebook.all_rules().get((notice.rule, notice.rule_version))
    return rule if rule is not None and notice.wording in rule.texts else None


def due_at(notice: Notice) -> datetime | None:
    """The end of the last legal day to act."""
    if notice.due_on is None:
        return None
    return datetime.combine(notice.due_on, _END_OF_DAY, clock.SHANGHAI)


def compose(session: Session, notices: Sequence[Notice], language: str) -> list[Composed]:
    """The notices in words, with at most two statements for all of them."""
    people = names.of_people(session, _people(notices))
    insured = names.of_bills(
        session,
        (
            uuid.UUID(each.params["bill_id"])
            for each in notices
            if each.subject_person_id is None and "bill_id" in each.params
        ),
    )
    return [_composed(each, people, insured, _language(language)) for each in notices]


def _composed(
    notice: Notice,
    people: Mapping[uuid.UUID, str],
    insured: Mapping[uuid.UUID, str],
    language: Language,
) -> Composed:
    rule = rule_of(notice)
    if rule is None:
        # Made by a newer version of us: one such notice must not close the inbox.
        return _WAITING[language]
    subject = None
    if notice.subject_person_id is not None:
        subject = people.get(notice.subject_person_id)
    elif "bill_id" in notice.params:
        subject = insured.get(uuid.UUID(notice.params["bill_id"]))
    values = {"subject": subject or names.UNREADABLE}
    for name, kind in rule.params_of(notice.wording).items():
        values[name] = _shown(rule, (name, kind), notice.params[name], people, language)
    words = rule.texts[notice.wording].words[language]
    return Composed(
        title=words.title.format(**values),
        body=words.body.format(**values),
        because=words.because.format(**values),
        masked_name=subject,
    )


def _shown(
    rule: Rule,
    param: tuple[str, Kind],
    value: Any,
    people: Mapping[uuid.UUID, str],
    language: Language,
) -> str:
    name, kind = param
    if kind == "money":
        return f"{value // 100}.{value % 100:02d}"
    if kind == "date":
        return _day(date.fromisoformat(value), language)
    if kind == "person":
        return people.get(uuid.UUID(value), names.UNREADABLE)
    if kind == "word":
        vocabulary = rule.vocabulary[name]
        return vocabulary.get(value, vocabulary["*"])[language]
    return str(value)


def _day(day: date, language: Language) -> str:
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {day:%B %Y}"


def _people(notices: Sequence[Notice]) -> set[uuid.UUID]:
    found = {each.subject_person_id for each in notices if each.subject_person_id is not None}
    for each in notices:
        rule = rule_of(each)
        params = rule.params_of(each.wording) if rule is not None else {}
        for name, kind in params.items():
            if kind == "person":
                found.add(uuid.UUID(each.params[name]))
    return found


def _language(language: str) -> Language:
    return "en" if language == "en" else "zh"
