"""Rules → colour, without a database."""

import itertools
import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode import rulebook
from healthcode.colours import UNDECLARED, Case, Declaration, Evidence, evaluate
from healthcode.rulebook import RulesRefused

NOW = datetime(2026, 1, 15, 8, tzinfo=UTC)
RULES = rulebook.rule_sets()["hubei-2021-08-18"]
HEALTHY = Declaration(uuid.uuid4(), NOW - timedelta(hours=1), 36.5, frozenset(), "no", "low")
CLEAR = Case(HEALTHY, (), authority_answered=True)

RED = {
    "01": "confirmed_case",
    "02": "suspected_case",
    "03": "asymptomatic_infection",
    "04": "close_contact",
    "05": "secondary_contact",
    "06": "central_quarantine",
}
YELLOW = {"07": "home_observation", "08": "recovery_observation"}


def record(category, since=NOW - timedelta(days=1), until=None):
    return Evidence(uuid.uuid4(), category, since, until)


def declaring(**said):
    return replace(CLEAR, declaration=replace(HEALTHY, **said))


def found(*records):
    return replace(CLEAR, evidence=records)


def outcome(case, now=NOW):
    decision = evaluate(case, now, RULES)
    return decision.state, decision.colour, [reason.code for reason in decision.reasons]


def test_nothing_declared_is_no_state_and_no_colour():
    case = replace(CLEAR, declaration=None, evidence=(record("01"),))
    assert evaluate(case, NOW, RULES) == UNDECLARED


def test_declared_well_and_answered_with_nothing_is_green():
    assert outcome(CLEAR) == ("active", "green", ["nothing_found"])


def test_no_answer_yet_is_grey_and_never_green():
    case = replace(CLEAR, authority_answered=False)
    assert outcome(case) == ("grey", "unknown", ["authority_pending"])


@pytest.mark.parametrize(("category", "reason"), RED.items())
def test_a_category_of_the_red_list_is_red(category, reason):
    assert outcome(found(record(category))) == ("active", "red", [reason])


@pytest.mark.parametrize(("category", "reason"), YELLOW.items())
def test_a_category_of_the_yellow_list_is_yellow(category, reason):
    assert outcome(found(record(category))) == ("active", "yellow", [reason])


@pytest.mark.parametrize("category", ["09", "99", "", "1", "unnamed"])
def test_a_category_no_rule_names_is_grey(category):
    assert outcome(found(record(category))) == ("grey", "unknown", ["category_unknown"])


@pytest.mark.parametrize(
    ("said", "colour", "reasons"),
    [
        ({"temperature_c": 37.2}, "green", ["nothing_found"]),
        ({"temperature_c": 37.3}, "yellow", ["fever"]),
        ({"temperature_c": 41.0}, "yellow", ["fever"]),
        ({"contact": "yes"}, "yellow", ["contact"]),
        ({"contact": "unknown"}, "green", ["nothing_found"]),
        ({"risk_area": "high"}, "yellow", ["high_risk_area"]),
        ({"risk_area": "medium"}, "green", ["nothing_found"]),
        ({"symptoms": frozenset({"cough", "fever"})}, "yellow", ["symptoms"]),
        ({"symptoms": frozenset({"headache"})}, "green", ["nothing_found"]),
        ({"temperature_c": 38.0, "contact": "yes"}, "yellow", ["fever", "contact"]),
    ],
)
def test_what_was_declared_decides_between_green_and_yellow(said, colour, reasons):
    assert outcome(declaring(**said)) == ("active", colour, reasons)


def test_each_symptom_of_the_rule_alone_is_yellow():
    rule = next(rule for rule in RULES.rules if rule.fact == "symptom")
    for symptom in rule.values:
        assert outcome(declaring(symptoms=frozenset({symptom})))[1] == "yellow"


def test_an_old_declaration_is_yellow_from_the_very_second():
    expiry = HEALTHY.declared_at + RULES.validity
    assert outcome(CLEAR, expiry - timedelta(microseconds=1))[1] == "green"
    assert outcome(CLEAR, expiry) == ("active", "yellow", ["declaration_expired"])
    assert outcome(declaring(temperature_c=39.0), expiry)[2] == ["declaration_expired"]


def test_red_outweighs_everything_and_lists_all_its_reasons():
    case = replace(found(record("01"), record("06"), record("07")), authority_answered=False)
    assert outcome(case) == ("active", "red", ["confirmed_case", "central_quarantine"])


def test_a_missing_answer_outweighs_yellow_because_it_may_hide_red():
    case = replace(declaring(temperature_c=39.0), authority_answered=False)
    assert outcome(case) == ("grey", "unknown", ["authority_pending"])


def test_a_record_counts_from_its_beginning_until_its_end():
    start, end = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    case = found(record("01", start, end))
    assert outcome(case, start - timedelta(microseconds=1))[1] == "green"
    assert outcome(case, start)[1] == "red"
    assert outcome(case, end - timedelta(microseconds=1))[1] == "red"
    assert outcome(case, end)[1] == "green"


def test_a_decision_is_good_until_the_next_moment_that_changes_it():
    start, end = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    case = found(record("01", start, end))
    expiry = HEALTHY.declared_at + RULES.validity
    moments = [evaluate(case, now, RULES).valid_until for now in (NOW, start, end, expiry)]
    assert moments == [start, end, expiry, None]


def test_a_reason_names_its_rule_and_its_time():
    since, until = NOW - timedelta(days=2), NOW + timedelta(days=5)
    (reason,) = evaluate(found(record("06", since, until)), NOW, RULES).reasons
    assert (reason.rule, reason.since, reason.until) == (
        "authority-06-central-quarantine",
        since,
        until,
    )


PAST = st.integers(0, 45 * 24).map(lambda hours: NOW - timedelta(hours=hours))
FUTURE = st.integers(1, 20 * 24).map(lambda hours: NOW + timedelta(hours=hours))

cases = st.builds(
    Case,
    st.builds(
        Declaration,
        st.uuids(),
        PAST,
        st.floats(34, 43),
        st.frozensets(st.sampled_from(RULES.symptoms)),
        st.sampled_from(["yes", "no", "unknown"]),
        st.sampled_from(["low", "medium", "high"]),
    ),
    st.lists(
        st.builds(
            Evidence,
            st.uuids(),
            st.sampled_from([f"{n:02d}" for n in range(12)]),
            PAST | FUTURE,
            st.none() | PAST | FUTURE,
        ),
        max_size=4,
    ),
    st.booleans(),
)


@given(cases)
def test_no_case_is_green_without_an_answer_or_coloured_without_a_reason(case):
    decision = evaluate(case, NOW, RULES)
    assert (decision.state == "active") == (decision.colour != "unknown")
    assert decision.reasons
    if decision.colour == "green":
        assert case.authority_answered
        assert case.declaration.declared_at + RULES.validity > NOW
    if decision.colour == "red":
        assert any(each.category in RED for each in case.evidence)


@given(cases)
def test_nothing_changes_before_valid_until(case):
    decision = evaluate(case, NOW, RULES)
    later = NOW + timedelta(days=400)
    if decision.valid_until is not None:
        assert decision.valid_until > NOW
        later = decision.valid_until - timedelta(microseconds=1)
    assert evaluate(case, later, RULES) == decision


@pytest.mark.parametrize("rules", rulebook.rule_sets().values(), ids=lambda rules: rules.id)
def test_every_rule_set_keeps_the_promises_no_version_may_break(rules):
    now = HEALTHY.declared_at
    assert evaluate(CLEAR, now, rules).colour == "green"
    assert evaluate(replace(CLEAR, authority_answered=False), now, rules).state == "grey"
    assert evaluate(CLEAR, now + rules.validity, rules).colour == "yellow"
    assert evaluate(found(record("zz")), now, rules).state == "grey"


def test_a_rule_set_without_rules_gives_no_colour():
    decision = evaluate(CLEAR, NOW, replace(RULES, rules=()))
    assert (decision.state, decision.colour) == ("grey", "unknown")


FILE = json.loads(
    (resources.files("healthcode") / "rules" / "hubei-2021-08-18.json").read_text("utf-8")
)


def broken(**changes):
    content = json.loads(json.dumps(FILE))
    content.update(changes)
    return content


def with_rule(**changes):
    rules = [dict(rule) for rule in FILE["rules"]]
    rules[0] = {**rules[0], **changes}
    return broken(rules=rules)


@pytest.mark.parametrize(
    "content",
    [
        broken(rules=[*FILE["rules"], FILE["rules"][0]]),
        broken(surprise=1),
        broken(validity_days=0),
        broken(reasons={}),
        broken(symptoms=[]),
        with_rule(outcome="blue"),
        with_rule(fact="bank_account"),
        with_rule(reason="no_words_for_this"),
        with_rule(source=""),
        with_rule(at_least=1.0),
        with_rule(**{"in": []}),
        {key: value for key, value in FILE.items() if key != "id"},
        [],
    ],
)
def test_a_rule_file_that_contradicts_itself_is_refused(content):
    with pytest.raises(RulesRefused):
        rulebook.read(json.dumps(content))


def test_a_file_that_is_no_json_is_refused():
    with pytest.raises(RulesRefused):
        rulebook.read("{")


def test_every_reason_has_words_in_both_languages():
    for rule, language in itertools.product(RULES.rules, ("zh", "en")):
        assert RULES.text(rule.reason, language)
