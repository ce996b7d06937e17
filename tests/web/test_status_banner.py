"""What everybody is told above every screen."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(300)


def test_trouble_that_was_told_last_is_shown_at_once_in_plain_words(page, watch, assert_accessible):
    watch.expect("ERR_FAILED|Failed to load")
    page.goto("/app/#/me")
    expect(page.get_by_text("演示数据")).to_be_visible()
    page.route("**/ops/status", lambda route: route.abort())
    page.evaluate(
        """() => {
            const told = JSON.parse(localStorage.getItem('huiban.status'))
            const slower = {...told, status: 'degraded', degraded: ['worker']}
            localStorage.setItem('huiban.status', JSON.stringify(slower))
        }"""
    )
    page.reload()
    expect(page.get_by_role("status").filter(has_text="部分服务暂时较慢")).to_be_visible()
    assert_accessible(page)
