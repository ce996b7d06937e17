"""The rule files: their examples hold in the database, their form is checked, their matters exist."""

import csv
import json
from datetime import date, time
from importlib import resources
from pathlib import Path

import pytest
from sqlalchemy import select
from stage import shanghai

from app.core.db import unit_of_work
from app.core.workdays import is_workday
from push import composing, evaluating, rulebook
from push.contributions import yearly_period
from push.models import Notice
from push.rules import Quiet, Window
from push.windows import latest_day, spans

ROOT = Path(__file__).resolve().parents[2]
RULES = list(rulebook.all_rules().values())
EXAMPLES = [(rule, example) for rule in RULES for example in rule.cases]


def named(value):
    return value.id if hasattr(value, "id") else value["name"].replace(" ", "-")


def evaluate(core, stage, rule, example):
    with unit_of_work(core) as session:
        event = example["event"]
        if event is None:
            return evaluating.evaluate(session, rule, example["day"]).made
        if event["of"] == "mandate":
            mandate, person = map(str, stage.mandated)
            place = {"mandate_id": mandate, "to": event["what"], "principal": person}
        elif event["of"] in stage.accounts:
            account = str(stage.accounts[event["of"]].actor.account)
            place = {"id": account, "account_id": account, "what": event["what"]}
        elif event["of"] in stage.orders:
            place = {"order_id": str(stage.orders[event["of"]])}
        else:
            place = {"line_id": str(stage.lines[event["of"]])}
        return evaluating.follow(session, event["name"], place)


@pytest.mark.parametrize(("rule", "example"), EXAMPLES, ids=named)
def test_every_example_of_a_rule_file_holds_in_the_database(rule, example, core, stage, at):
    stage.enter(example)
    at(f"{example['day']}T09:30")
    stage.play(example)
    made = evaluate(core, stage, rule, example)
    assert evaluate(core, stage, rule, example).notices == 0
    recipients = {person.actor.account: name for name, person in stage.accounts.items()}
    people = {person_id: name for name, person_id in stage.people.items()}
    with core.session() as session:
        notices = session.scalars(select(Notice)).all()
        titles = [each.title for each in composing.compose(session, notices, "zh")]
    found = [
        {
            "recipient": recipients[notice.recipient_account_id],
            "wording": notice.wording,
            "subject": people[notice.subject_person_id],
            "period": notice.period,
            "due_on": notice.due_on,
            "title": title,
        }
        for notice, title in zip(notices, titles, strict=True)
    ]
    expected = [{"period": None, **each} for each in example["expect"]]
    for each in found:
        if example["event"] is not None:
            each["period"] = None
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert made.notices == len(expected)


def test_there_are_the_three_rules_each_with_several_dated_examples():
    assert {rule.id for rule in RULES} >= {
        "resident-medical-payment-period",
        "resident-id-expiry",
        "payment-result",
    }
    assert all(len(rule.cases) >= 5 for rule in RULES)


def test_every_matter_that_a_rule_names_stands_in_the_catalogue():
    table = ROOT / "app" / "catalogue" / "data" / "matters.csv"
    with table.open(encoding="utf-8-sig", newline="") as file:
        codes = {row["transact_code"] or row["base_code"] for row in csv.DictReader(file)}
    named = {text.matter_code for rule in RULES for text in rule.texts.values()}
    assert named - {None} <= codes


@pytest.fixture
def written():
    """A rule file's content, to be spoiled."""
    name = "resident-medical-payment-period.v1.json"
    return json.loads((resources.files("push") / "rules" / name).read_text("utf-8"))


def put(content, path, value):
    *way, last = path.split(".")
    for step in way:
        content = content[step]
    if value is ...:
        del content[last]
    else:
        content[last] = value


SPOILED = {
    "an unknown key": ("colour", "red", "Unknown field"),
    "an unknown key far inside": ("texts.own.zh.subtitle", "x", "Unknown field"),
    "no version": ("version", ..., "Missing data"),
    "a category nobody knows": ("category", "gossip", "Must be one of"),
    "facts nobody knows": ("trigger.facts", "horoscopes", "Must be one of"),
    "a parameter missing": ("trigger.parameters", {}, "these facts need"),
    "a day no year has": (
        "trigger",
        {
            "kind": "daily",
            "facts": "contributions",
            "parameters": {"scheme": "resident_medical", "from": "10-01", "until": "12-32"},
        },
        "cannot read the parameters",
    ),
    "both kinds of trigger": ("trigger.events", ["payments.order_paid"], "names its facts"),
    "a value the facts do not have": ("texts.own.zh.body", "{salary}", "unknown values"),
    "a text missing": ("texts.held", ..., "exactly the texts"),
    "a value on the lock screen": ("lock_screen.zh.body", "{amount}元", "lock screen"),
    "a number on the lock screen": ("lock_screen.en.body", "CNY 400", "lock screen"),
    "no quiet hours for a reminder": ("quiet_hours", None, "must have quiet hours"),
    "an opt-out where there is none": ("category", "payment", "opt out"),
    "an end before the beginning": ("effective_until", "2020-01-01", "ends before"),
    "no window": ("windows", [], "windows"),
    "no source": ("source", {"name": "", "confidence": "R"}, "Length"),
    "no example": ("cases", [], "Shorter than"),
    "an example with an unknown key": ("cases", [{"weather": "fine"}], "Unknown field"),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_rule_file_is_refused_for(what, written):
    path, value, words = SPOILED[what]
    put(written, path, value)
    with pytest.raises(rulebook.RulesRefused, match=words):
        rulebook.read(json.dumps(written))


def test_a_rule_file_that_is_not_json_is_refused():
    with pytest.raises(rulebook.RulesRefused):
        rulebook.read("{")


def test_windows_are_counted_from_one_day_in_one_unit_and_in_order(written):
    base = {"of": "due", "unit": "days"}
    for windows in (
        [{"name": "a", "offset": -3, **base}, {"name": "b", "offset": -5, **base}],
        [{"name": "a", "offset": -5, **base}, {"name": "a", "offset": -3, **base}],
        [{"name": "a", "offset": -5, **base}, {"name": "b", "offset": -3, **base, "of": "opens"}],
    ):
        written["windows"] = windows
        with pytest.raises(rulebook.RulesRefused, match="windows"):
            rulebook.read(json.dumps(written))


def test_the_newest_version_in_force_on_a_day_is_the_one(written, monkeypatch):
    second = {**written, "version": 2, "effective_from": "2026-09-01"}
    both = {version["version"]: rulebook.read(json.dumps(version)) for version in (written, second)}
    known = {(rule.id, version): rule for version, rule in both.items()}
    monkeypatch.setattr(rulebook, "all_rules", lambda: known)
    assert rulebook.in_force(date(2025, 8, 31)) == []
    assert rulebook.in_force(date(2026, 8, 31)) == [both[1]]
    assert rulebook.in_force(date(2026, 9, 1)) == [both[2]]


def windows(*offsets, unit="days"):
    return tuple(Window(str(-each), "due", each, unit) for each in offsets)


def test_a_window_stays_open_until_the_next_one_opens():
    found = spans(windows(-90, -30, -7), date(2026, 1, 1))
    assert [(each.name, each.last) for each in found] == [
        ("7", date(2026, 1, 8)),
        ("30", date(2026, 1, 31)),
        ("90", date(2026, 4, 1)),
    ]
    assert [each.first for each in found[1:]] == [date(2026, 1, 9), date(2026, 2, 1)]


def test_working_days_leave_out_the_national_holiday_and_count_the_saturday_worked_instead():
    # 2025: holiday from 1 to 8 October, and Saturday 11 October is worked.
    assert not is_workday(date(2025, 10, 8))
    assert is_workday(date(2025, 10, 11))
    (window,) = windows(-3, unit="working_days")
    # The third working day after 30 September: 9, 10, 11 October.
    assert latest_day(window, date(2025, 9, 30)) == date(2025, 10, 11)
    (after,) = (Window("after", "opens", 3, "working_days"),)
    # Three working days after 30 September is 11 October.
    assert latest_day(after, date(2025, 10, 11)) == date(2025, 10, 8)


def test_a_year_without_a_published_calendar_counts_monday_to_friday():
    assert not is_workday(date(2090, 1, 1))  # a Sunday
    assert is_workday(date(2090, 1, 2))


QUIET = Quiet(time(22), time(8))


@pytest.mark.parametrize(
    ("now", "rings"),
    [
        ("2026-03-01T21:59:59", "2026-03-01T21:59:59"),
        ("2026-03-01T22:00", "2026-03-02T08:00"),
        ("2026-03-01T23:59:59", "2026-03-02T08:00"),
        ("2026-03-02T00:00", "2026-03-02T08:00"),
        ("2026-03-02T07:59:59", "2026-03-02T08:00"),
        ("2026-03-02T08:00", "2026-03-02T08:00"),
        ("2028-02-28T23:00", "2028-02-29T08:00"),
    ],
)
def test_phones_are_quiet_from_ten_in_the_evening_until_eight(now, rings):
    assert QUIET.ends(shanghai(now)) == shanghai(rings)


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ("2026-09-30", None),
        ("2026-10-01", ("2026-10-01", "2027-02-28", "2027")),
        ("2027-02-28", ("2026-10-01", "2027-02-28", "2027")),
        ("2027-03-01", None),
        ("2027-10-01", ("2027-10-01", "2028-02-28", "2028")),
        ("2028-02-29", None),
    ],
)
def test_a_yearly_period_may_end_in_the_next_year_and_is_for_the_year_after_its_beginning(
    day, found
):
    period = yearly_period(date.fromisoformat(day), "10-01", "02-28")
    assert (period and (str(period.opens), str(period.due), period.year)) == found


def test_quiet_hours_within_one_day_end_on_the_same_day():
    nap = Quiet(time(12), time(14))
    assert nap.ends(shanghai("2026-03-01T13:00")) == shanghai("2026-03-01T14:00")
    assert nap.ends(shanghai("2026-03-01T14:00")) == shanghai("2026-03-01T14:00")
