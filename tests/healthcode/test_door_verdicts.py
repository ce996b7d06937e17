"""The verdict at a door, without a database."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from healthcode.token import COLOURS, Claims, Refusal
from healthcode.verification import Standing, judge, judge_refused

NOW = datetime(2026, 1, 15, 8, tzinfo=UTC)


def claims(colour):
    return Claims(uuid.uuid4(), colour, NOW, NOW + timedelta(seconds=120))


def said(judgement):
    return judgement.verdict, judgement.colour, list(judgement.reasons), judgement.action


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        ("green", ("pass", "green", [], "none")),
        ("yellow", ("check", "yellow", ["colour"], "supervisor")),
        ("red", ("refuse", "red", ["colour"], "supervisor")),
    ],
)
def test_a_standing_status_is_judged_by_its_colour(colour, expected):
    assert said(judge(claims(colour), Standing(colour, None, None), NOW)) == expected


CHANGED = ("check", "unknown", ["changed"], "refresh")


@pytest.mark.parametrize("colour", COLOURS)
def test_a_replaced_status_is_never_shown_in_its_old_colour(colour):
    replaced = Standing(colour, NOW - timedelta(seconds=1), None)
    assert said(judge(claims(colour), replaced, NOW)) == CHANGED


@pytest.mark.parametrize("colour", COLOURS)
def test_an_outdated_status_counts_as_changed_from_the_very_second(colour):
    assert said(judge(claims(colour), Standing(colour, None, NOW), NOW)) == CHANGED
    later = Standing(colour, None, NOW + timedelta(microseconds=1))
    assert judge(claims(colour), later, NOW).colour == colour


def test_a_code_that_shows_another_colour_than_its_status_counts_as_changed():
    assert said(judge(claims("green"), Standing("red", None, None), NOW)) == CHANGED


def test_a_status_we_never_made_is_revoked():
    expected = ("refuse", "unknown", ["revoked"], "supervisor")
    assert said(judge(claims("green"), None, NOW)) == expected


@pytest.mark.parametrize("refusal", get_args(Refusal))
def test_what_is_no_good_code_is_refused_without_a_colour(refusal):
    action = "refresh" if refusal in ("expired", "malformed") else "supervisor"
    assert said(judge_refused(refusal)) == ("refuse", "unknown", [refusal], action)
