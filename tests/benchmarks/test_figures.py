"""Percentiles, medians, and whose time a profile says it was."""

import pytest

from benchmarks.figures import Round, line, percentile
from benchmarks.layers import shares


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([5.0], 0.5, 5.0),
        ([5.0], 0.99, 5.0),
        ([4.0, 1.0, 3.0, 2.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.5, 50.0),
        ([float(n) for n in range(1, 101)], 0.99, 99.0),
        ([float(n) for n in range(1, 102)], 0.99, 100.0),
        ([2.0, 1.0], 0.0, 1.0),
        ([2.0, 1.0], 1.0, 2.0),
    ],
)
def test_percentile(values, share, expected):
    assert percentile(values, share) == expected


def test_no_values_have_no_percentile():
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_line_holds_the_medians_of_its_rounds():
    rounds = [
        Round([0.001] * 100, seconds=1.0, web=0.0001, database=0.0, generator=0.00002),
        Round([0.003] * 200, seconds=1.0, web=0.0003, database=0.0, generator=0.00002),
    ]
    made = line("x", rounds)
    assert (made.rates, made.rate, made.answered) == ((100.0, 200.0), 150.0, 300)
    assert (made.p50, made.p99) == (pytest.approx(2.0), pytest.approx(2.0))
    assert (made.web, made.generator) == (pytest.approx(200.0), pytest.approx(20.0))


def test_time_of_the_standard_library_counts_for_whoever_called_it():
    token, flask = ("/x/jwt/api.py", 1, "decode"), ("/x/flask/app.py", 1, "run")
    loads, scan = ("/lib/json/__init__.py", 1, "loads"), ("~", 0, "<built-in scan>")
    stats = {
        flask: (1, 1, 2.0, 10.0, {}),
        token: (1, 1, 1.0, 5.0, {flask: (1, 1, 1.0, 5.0)}),
        loads: (4, 4, 1.0, 4.0, {token: (3, 3, 0.75, 3.0), flask: (1, 1, 0.25, 1.0)}),
        scan: (4, 4, 4.0, 4.0, {loads: (4, 4, 4.0, 4.0)}),
    }
    found = shares(stats)
    assert found["access token"] == pytest.approx((1.0 + 0.75 + 3.0) / 8)
    assert found["Flask, Werkzeug"] == pytest.approx((2.0 + 0.25 + 1.0) / 8)
    assert sum(found.values()) == pytest.approx(1.0)


def test_functions_that_call_each_other_in_a_circle_do_not_hang():
    one, two = ("/lib/copy.py", 1, "one"), ("/lib/copy.py", 2, "two")
    stats = {
        one: (1, 1, 1.0, 2.0, {two: (1, 1, 1.0, 2.0)}),
        two: (1, 1, 1.0, 2.0, {one: (1, 1, 1.0, 2.0)}),
    }
    assert shares(stats)["other"] == pytest.approx(1.0)
