"""The rule files: versioned data, checked when they are loaded. A rule turns one fact into an outcome."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any, Literal

import marshmallow as ma

FactName = Literal["category", "declaration", "temperature_c", "contact", "risk_area", "symptom"]
Outcome = Literal["green", "yellow", "unknown", "red"]
Language = Literal["zh", "en"]

FACT_NAMES = ("category", "declaration", "temperature_c", "contact", "risk_area", "symptom")
OUTCOMES = ("green", "yellow", "unknown", "red")
#: Stands for every category of the authority that no rule names.
UNNAMED_CATEGORY = "unnamed"


class RulesRefused(Exception):
    """A rule file that must not be used; the message says why."""


@dataclass(frozen=True)
class Fact:
    """One thing that is so, and from when until when it is."""

    name: FactName
    value: str | float
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Rule:
    """If `fact` is one of `values`, or reaches `at_least`, then `outcome` because of `reason`."""

    id: str
    fact: FactName
    values: frozenset[str]
    at_least: float | None
    outcome: Outcome
    reason: str
    #: Where the rule comes from: a published notice, or our own proposal.
    source: str

    def matches(self, fact: Fact) -> bool:
        """Whether this rule speaks of `fact` and `fact` meets it."""
        if fact.name != self.fact:
            return False
        if isinstance(fact.value, str):
            return fact.value in self.values
        return self.at_least is not None and fact.value >= self.at_least


@dataclass(frozen=True)
class RuleSet:
    """One version of the rules."""

    id: str
    effective: date
    #: How long a declaration is good for.
    validity: timedelta
    #: What a declaration may name.
    symptoms: tuple[str, ...]
    rules: tuple[Rule, ...]
    #: Reason code → language → words.
    words: dict[str, dict[Language, str]]

    @property
    def categories(self) -> frozenset[str]:
        """The authority's categories that rules name."""
        return frozenset(
            value for rule in self.rules if rule.fact == "category" for value in rule.values
        ) - {UNNAMED_CATEGORY}

    def text(self, reason: str, language: str) -> str:
        """The reason in words."""
        return self.words[reason]["en" if language == "en" else "zh"]


class _Words(ma.Schema):
    zh = ma.fields.String(required=True, validate=ma.validate.Length(min=1))
    en = ma.fields.String(required=True, validate=ma.validate.Length(min=1))


class _Rule(ma.Schema):
    id = ma.fields.String(required=True, validate=ma.validate.Length(min=1))
    fact = ma.fields.String(required=True, validate=ma.validate.OneOf(FACT_NAMES))
    values = ma.fields.List(
        ma.fields.String(), data_key="in", load_default=(), validate=ma.validate.Length(min=1)
    )
    at_least = ma.fields.Float(load_default=None)
    outcome = ma.fields.String(required=True, validate=ma.validate.OneOf(OUTCOMES))
    reason = ma.fields.String(required=True)
    source = ma.fields.String(required=True, validate=ma.validate.Length(min=1))

    @ma.validates_schema
    def _one_condition(self, data: dict[str, Any], **_: Any) -> None:
        if bool(data["values"]) == (data["at_least"] is not None):
            raise ma.ValidationError("exactly one of `in` and `at_least`")

    @ma.post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Rule:
        return Rule(**{**data, "values": frozenset(data["values"])})


class _RuleFile(ma.Schema):
    id = ma.fields.String(required=True, validate=ma.validate.Length(min=1))
    effective = ma.fields.Date(required=True)
    validity_days = ma.fields.Integer(required=True, validate=ma.validate.Range(min=1))
    symptoms = ma.fields.List(ma.fields.String(), required=True)
    rules = ma.fields.List(ma.fields.Nested(_Rule), required=True)
    reasons = ma.fields.Dict(ma.fields.String(), ma.fields.Nested(_Words), required=True)

    @ma.validates_schema
    def _agrees_with_itself(self, data: dict[str, Any], **_: Any) -> None:
        rules: list[Rule] = data["rules"]
        _demand(len({rule.id for rule in rules}) == len(rules), "rule ids must be unique")
        _demand(
            {rule.reason for rule in rules} == set(data["reasons"]),
            "each reason needs its words, and words need their reason",
        )
        named = {value for rule in rules if rule.fact == "symptom" for value in rule.values}
        _demand(named <= set(data["symptoms"]), "a rule names a symptom nobody can declare")


def _demand(holds: bool, message: str) -> None:
    if not holds:
        raise ma.ValidationError(message)


def read(text: str) -> RuleSet:
    """The rule set in `text`. Raises `RulesRefused`."""
    try:
        content = _RuleFile().load(json.loads(text))
    except (ValueError, ma.ValidationError) as error:
        raise RulesRefused(str(error)) from error
    return RuleSet(
        id=content["id"],
        effective=content["effective"],
        validity=timedelta(days=content["validity_days"]),
        symptoms=tuple(content["symptoms"]),
        rules=tuple(content["rules"]),
        words=content["reasons"],
    )


@cache
def rule_sets() -> dict[str, RuleSet]:
    """Every rule set there has been, by id; a status keeps naming the one it was decided by."""
    files = (resources.files("healthcode") / "rules").iterdir()
    sets = [read(file.read_text("utf-8")) for file in files if file.name.endswith(".json")]
    found = {each.id: each for each in sets}
    if len(found) != len(sets):
        raise RulesRefused("two rule files have the same id")
    return found


@cache
def current() -> RuleSet:
    """The newest rule set, by which decisions are made."""
    return max(rule_sets().values(), key=lambda each: each.effective)
