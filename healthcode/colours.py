"""Which state and colour a person has: a pure function of what was declared, found and answered.

Nothing else can make a colour. A colour exists only because a rule of a versioned rule file matched a
fact; when no rule matches there is no colour, neither green nor red.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from healthcode.rulebook import UNNAMED_CATEGORY, Fact, Outcome, RuleSet

Colour = Literal["green", "yellow", "red"]
State = Literal["none", "grey", "active"]
ShownColour = Colour | Literal["unknown"]

#: What outweighs what. Something unknown outweighs yellow, because it may hide red.
SEVERITY: tuple[Outcome, ...] = ("green", "yellow", "unknown", "red")


@dataclass(frozen=True)
class Declaration:
    """What somebody declared of themselves (健康申报)."""

    id: uuid.UUID
    declared_at: datetime
    temperature_c: float
    symptoms: frozenset[str]
    contact: str
    risk_area: str


@dataclass(frozen=True)
class Evidence:
    """One record of the health authority. `until` None: it lasts."""

    id: uuid.UUID
    category: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Case:
    """All that is known of one person when a decision is made."""

    declaration: Declaration | None
    evidence: Sequence[Evidence]
    #: Whether the authority has been asked, and has answered, since the declaration.
    authority_answered: bool


@dataclass(frozen=True)
class Reason:
    """Why: the reason's code, the rule that gave it, and while what it rests on lasts."""

    code: str
    rule: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Decision:
    """The outcome. `valid_until`: the next moment at which the same facts decide otherwise."""

    state: State
    colour: ShownColour
    reasons: tuple[Reason, ...]
    valid_until: datetime | None


UNDECLARED = Decision("none", "unknown", (), None)


def evaluate(case: Case, now: datetime, rules: RuleSet) -> Decision:
    """Decide. The gravest outcome wins, with all the reasons for it."""
    if case.declaration is None:
        return UNDECLARED
    matches = [
        (rule, fact)
        for rule in rules.rules
        for fact in _facts(case, case.declaration, now, rules)
        if rule.matches(fact)
    ]
    if not matches:
        return Decision("grey", "unknown", (), _next_change(case, now, rules))
    outcome = max((rule.outcome for rule, _ in matches), key=SEVERITY.index)
    reasons = dict.fromkeys(
        Reason(rule.reason, rule.id, fact.since, fact.until)
        for rule, fact in matches
        if rule.outcome == outcome
    )
    state: State = "grey" if outcome == "unknown" else "active"
    return Decision(state, outcome, tuple(reasons), _next_change(case, now, rules))


def _facts(case: Case, declaration: Declaration, now: datetime, rules: RuleSet) -> Iterator[Fact]:
    """The facts rules speak of. What was declared holds only while the declaration does."""
    declared, expiry = declaration.declared_at, declaration.declared_at + rules.validity
    for record in case.evidence:
        if record.since <= now and (record.until is None or record.until > now):
            known = record.category in rules.categories
            category = record.category if known else UNNAMED_CATEGORY
            yield Fact("category", category, record.since, record.until)
    yield _standing(case, declaration, now, rules)
    if now >= expiry:
        return
    yield Fact("temperature_c", declaration.temperature_c, declared, expiry)
    yield Fact("contact", declaration.contact, declared, expiry)
    yield Fact("risk_area", declaration.risk_area, declared, expiry)
    for symptom in sorted(declaration.symptoms):
        yield Fact("symptom", symptom, declared, expiry)


def _standing(case: Case, declaration: Declaration, now: datetime, rules: RuleSet) -> Fact:
    """One fact with three values, so that no rule can mean valid without an answer."""
    expiry = declaration.declared_at + rules.validity
    if not case.authority_answered:
        return Fact("declaration", "unanswered", declaration.declared_at, None)
    if now >= expiry:
        return Fact("declaration", "expired", expiry, None)
    return Fact("declaration", "valid", declaration.declared_at, expiry)


def _next_change(case: Case, now: datetime, rules: RuleSet) -> datetime | None:
    moments = [moment for each in case.evidence for moment in (each.since, each.until) if moment]
    if case.declaration is not None:
        moments.append(case.declaration.declared_at + rules.validity)
    return min((moment for moment in moments if moment > now), default=None)
