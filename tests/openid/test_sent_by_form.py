"""Sites that send people to us by a form (POST) instead of a link: the same, sign-in and all."""

import pytest
from site_and_browser import answer_of
from werkzeug.datastructures import MultiDict


def test_a_site_that_sends_people_by_a_form_keeps_them_signed_in(browser, site, invent):
    browser.agree(browser.sign_in(browser.open(site.address()), invent().phone), "profile")
    # A form of another site comes without our cookie, which is `Lax`.
    outside = browser.client.application.test_client()
    sent = outside.post("/oauth/authorize", data=site.parameters())
    assert "Set-Cookie" not in sent.headers, "it would take the browser's sign-in away"
    answer = browser.open(sent.headers["Location"])
    assert answer_of(answer.headers["Location"])["code"]


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("prompt", "none login", "invalid_request"),
        ("request", "x", "request_not_supported"),
        ("response_mode", "fragment", "invalid_request"),
    ],
)
def test_a_form_is_refused_for_what_a_link_is_refused_for(browser, site, name, value, error):
    sent = browser.client.post("/oauth/authorize", data=site.parameters(**{name: value}))
    answer = answer_of(browser.open(sent.headers["Location"]).headers["Location"])
    assert answer["error"] == error


def test_a_form_that_says_something_twice_is_refused(browser, site):
    twice = [*site.parameters().items(), ("nonce", "another")]
    sent = browser.client.post("/oauth/authorize", data=MultiDict(twice))
    answer = answer_of(browser.open(sent.headers["Location"]).headers["Location"])
    assert answer["error"] == "invalid_request"
