"""Anybody may begin a sign-in: what that leaves behind is bounded and soon gone."""

from datetime import timedelta

import pytest
from site_and_browser import text_of
from sqlalchemy import func, select

from app.core import clock
from app.core.limits import Quota
from app.identity.openid import requests
from app.identity.openid.jobs import forget_requests
from app.identity.openid.models import OpenidRequest


@pytest.fixture
def begin(app, site):
    """Begin from an address with a new browser; returns the answer."""

    def run(address):
        there = {"REMOTE_ADDR": address}
        return app.test_client().get(site.address(), environ_base=there)

    return run


def waiting(session):
    return session.scalar(select(func.count()).select_from(OpenidRequest))


def test_an_address_and_its_neighbours_leave_no_more_rows_than_they_may(
    begin, session, monkeypatch
):
    monkeypatch.setattr(requests, "PER_ADDRESS", Quota("address", 20, 600))
    monkeypatch.setattr(requests, "PER_NETWORK", Quota("network", 50, 600))
    statuses = [begin("198.51.100.7").status_code for _ in range(60)]
    assert (statuses.count(303), statuses.count(429)) == (20, 40)
    for neighbour in range(1, 60):
        begin(f"198.51.100.{neighbour + 10}")
    assert waiting(session) == 50
    assert begin("203.0.113.9").status_code == 303, "others go on"
    print(f"n = {60 + 59} begun without a cookie: {waiting(session) - 1} rows")


def test_whoever_is_refused_is_told_on_a_page_when_to_come_back(begin, monkeypatch):
    monkeypatch.setattr(requests, "PER_ADDRESS", Quota("address", 1, 600))
    assert begin("198.51.100.7").status_code == 303
    answer = begin("198.51.100.7")
    assert (answer.status_code, "Location" in answer.headers) == (429, False)
    assert 0 < int(answer.headers["Retry-After"]) <= 600
    assert "操作过于频繁" in text_of(answer)


def test_a_bad_request_leaves_no_row(app, site, session):
    browser = app.test_client()
    for changed in ({"redirect_uri": "https://evil.example/"}, {"scope": "x"}, {"client_id": "x"}):
        browser.get(site.address(**changed))
    assert waiting(session) == 0


def test_what_nobody_went_on_with_is_gone_soon(begin, session, world, monkeypatch):
    for _ in range(3):
        begin("198.51.100.7")
    forget_requests.run(world)
    assert waiting(session) == 3
    later = clock.now() + requests.LIFE + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    forget_requests.run(world)
    assert waiting(session) == 0
