"""The rule files: versioned data with its source and its examples, checked when they are loaded.

A version that has told somebody something is never edited or removed; a change is a new version.
"""

import json
from datetime import date
from functools import cache
from importlib import resources
from string import Formatter
from typing import Any

import marshmallow as ma

from app.core import clock
from push import sources
from push.examples import Example
from push.models import CATEGORIES
from push.rules import LockScreen, Quiet, Rule, Text, Window, Words

#: Categories urgent enough to ring at night.
MAY_RING_AT_NIGHT = ("payment", "security", "health_code")
#: Categories nobody can do without: money that moved, safety, the law's own notices.
STATUTORY = ("payment", "security", "health_code", "case")
#: How sure we are of the source: V verified, S seed, R-high statutory text recalled, R recalled.
CONFIDENCE = ("V", "S", "R-high", "R")
#: Every text may name these besides the source's own values.
ALWAYS = frozenset({"subject"})


class RulesRefused(Exception):
    """A rule file that must not be used; the message says why."""


class _Strict(ma.Schema):
    class Meta:
        unknown = ma.RAISE


def _text(longest: int = 500) -> ma.fields.String:
    return ma.fields.String(required=True, validate=ma.validate.Length(1, longest))


class _Words(_Strict):
    title = _text(60)
    body = _text()
    because = _text()

    @ma.post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Words:
        return Words(**data)


class _Text(_Strict):
    matter_code = ma.fields.String(
        required=True, allow_none=True, validate=ma.validate.Length(1, 40)
    )
    zh = ma.fields.Nested(_Words, required=True)
    en = ma.fields.Nested(_Words, required=True)

    @ma.post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Text:
        return Text(data["matter_code"], {"zh": data["zh"], "en": data["en"]})


class _LockScreen(_Strict):
    title = _text(60)
    body = _text(80)

    @ma.post_load
    def _make(self, data: dict[str, Any], **_: Any) -> LockScreen:
        _demand(
            not any(sign in "{}" or sign.isdigit() for sign in data["title"] + data["body"]),
            "a lock screen shows neither values nor numbers",
        )
        return LockScreen(**data)


class _LockScreens(_Strict):
    zh = ma.fields.Nested(_LockScreen, required=True)
    en = ma.fields.Nested(_LockScreen, required=True)


class _Called(_Strict):
    zh = _text(60)
    en = _text(60)


class _Quiet(_Strict):
    start = ma.fields.Time(required=True, data_key="from")
    end = ma.fields.Time(required=True, data_key="until")

    @ma.post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Quiet:
        _demand(data["start"] != data["end"], "quiet hours must end at another time")
        return Quiet(**data)


class _Window(_Strict):
    name = _text(20)
    of = ma.fields.String(required=True, validate=ma.validate.OneOf(["opens", "due"]))
    offset = ma.fields.Integer(required=True, validate=ma.validate.Range(-400, 400))
    unit = ma.fields.String(required=True, validate=ma.validate.OneOf(["days", "working_days"]))

    @ma.post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Window:
        return Window(**data)


class _Trigger(_Strict):
    kind = ma.fields.String(required=True, validate=ma.validate.OneOf(["daily", "event"]))
    facts = ma.fields.String(load_default=None, validate=ma.validate.OneOf(list(sources.DAILY)))
    parameters = ma.fields.Dict(ma.fields.String(), ma.fields.String(), load_default=dict)
    events = ma.fields.List(
        ma.fields.String(validate=ma.validate.OneOf(list(sources.ON_EVENT))), load_default=()
    )

    @ma.validates_schema
    def _one_kind(self, data: dict[str, Any], **_: Any) -> None:
        if data["kind"] == "event":
            _demand(
                bool(data["events"]) and data["facts"] is None and not data["parameters"],
                "an event trigger names its events and nothing else",
            )
            return
        _demand(data["facts"] is not None and not data["events"], "a daily trigger names its facts")
        needed = sources.DAILY[data["facts"]].parameters
        _demand(set(data["parameters"]) == needed, f"these facts need {sorted(needed)}")
        try:
            sources.DAILY[data["facts"]].select(clock.legal_today(), data["parameters"])
        except ValueError:
            raise ma.ValidationError("these facts cannot read the parameters") from None


class _Source(_Strict):
    name = _text(200)
    confidence = ma.fields.String(required=True, validate=ma.validate.OneOf(CONFIDENCE))


class _RuleFile(_Strict):
    id = ma.fields.String(required=True, validate=ma.validate.Regexp(r"[a-z]+(-[a-z]+)*\Z"))
    version = ma.fields.Integer(required=True, validate=ma.validate.Range(1, 10_000))
    effective_from = ma.fields.Date(required=True)
    effective_until = ma.fields.Date(required=True, allow_none=True)
    category = ma.fields.String(required=True, validate=ma.validate.OneOf(CATEGORIES))
    opt_out = ma.fields.Boolean(required=True)
    quiet = ma.fields.Nested(_Quiet, required=True, allow_none=True, data_key="quiet_hours")
    trigger = ma.fields.Nested(_Trigger, required=True)
    windows = ma.fields.List(ma.fields.Nested(_Window), required=True)
    once_per = ma.fields.String(required=True, validate=ma.validate.OneOf(["period", "window"]))
    texts = ma.fields.Dict(ma.fields.String(), ma.fields.Nested(_Text), required=True)
    lock_screen = ma.fields.Nested(_LockScreens, required=True)
    vocabulary = ma.fields.Dict(
        ma.fields.String(),
        ma.fields.Dict(ma.fields.String(), ma.fields.Nested(_Called)),
        load_default=dict,
    )
    source = ma.fields.Nested(_Source, required=True)
    cases = ma.fields.List(
        ma.fields.Nested(Example), required=True, validate=ma.validate.Length(min=1)
    )

    @ma.post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Rule:
        trigger, source = data.pop("trigger"), data.pop("source")
        rule = Rule(
            **{**data, "windows": tuple(data["windows"]), "cases": tuple(data["cases"])},
            facts=trigger["facts"],
            events=tuple(trigger["events"]),
            parameters=trigger["parameters"],
            source=source["name"],
            confidence=source["confidence"],
        )
        _agrees_with_itself(rule)
        return rule


def _agrees_with_itself(rule: Rule) -> None:
    until = rule.effective_until
    _demand(until is None or rule.effective_from <= until, "ends before it begins")
    _demand(
        not (rule.opt_out and rule.category in STATUTORY), "nobody can opt out of this category"
    )
    _demand(rule.quiet is not None or rule.category in MAY_RING_AT_NIGHT, "must have quiet hours")
    wordings = frozenset[str]().union(*(each.wordings for each in rule.sources))
    _demand(set(rule.texts) == wordings, f"needs exactly the texts {sorted(wordings)}")
    _check_windows(rule)
    _check_values(rule)


def _check_windows(rule: Rule) -> None:
    anchors = {window.of for window in rule.windows}
    offered = frozenset[str]().union(*(each.days for each in rule.sources))
    if rule.facts is None:
        _demand(not rule.windows, "an event has no windows")
        return
    _demand(len(anchors) == 1, "windows are counted from one and the same day")
    _demand(anchors <= offered, f"these facts only have the days {sorted(offered)}")
    offsets = [window.offset for window in rule.windows]
    _demand(offsets == sorted(set(offsets)), "windows stand in the order of time")
    _demand(len({window.unit for window in rule.windows}) == 1, "windows count in one unit")
    _demand(len({window.name for window in rule.windows}) == len(offsets), "windows have own names")


def _check_values(rule: Rule) -> None:
    """Every `{…}` in a text has a value, and every value said by a word has its vocabulary."""
    for wording, text in rule.texts.items():
        params = rule.params_of(wording)
        known = set(params) | ALWAYS
        for words in text.words.values():
            named = _named(words.title) | _named(words.body) | _named(words.because)
            _demand(named <= known, f"unknown values {sorted(named - known)}")
        for name, kind in params.items():
            has_words = "*" in rule.vocabulary.get(name, {})
            _demand(kind != "word" or has_words, f"vocabulary of {name} needs at least *")


def _named(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def _demand(holds: bool, message: str) -> None:
    if not holds:
        raise ma.ValidationError(message)


def read(text: str) -> Rule:
    """The rule in `text`. Raises `RulesRefused`."""
    try:
        rule: Rule = _RuleFile().load(json.loads(text))
    except (ValueError, ma.ValidationError) as error:
        raise RulesRefused(str(error)) from error
    return rule


@cache
def all_rules() -> dict[tuple[str, int], Rule]:
    """Every version there has been; a notice keeps naming the one it was made by."""
    files = (resources.files("push") / "rules").iterdir()
    rules = [read(file.read_text("utf-8")) for file in files if file.name.endswith(".json")]
    found = {(each.id, each.version): each for each in rules}
    if len(found) != len(rules):
        raise RulesRefused("two rule files have the same id and version")
    return found


def in_force(day: date) -> list[Rule]:
    """The rules of that day: of each, the newest version in force."""
    newest: dict[str, Rule] = {}
    for _, rule in sorted(all_rules().items()):
        if rule.holds_on(day):
            newest[rule.id] = rule
    return list(newest.values())
