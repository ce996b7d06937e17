"""The inbox on the phone: what waits, why it came, and what one does not want to hear of."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(300)


@pytest.mark.short
def test_an_empty_inbox_says_what_will_come_and_the_tab_counts_nothing(
    page, enter, assert_accessible
):
    enter(page, "r156")
    page.goto("/app/#/")
    bar = page.get_by_role("navigation", name="主导航")
    bar.get_by_role("link", name="消息", exact=True).click()
    expect(page.get_by_role("heading", name="消息")).to_be_focused()
    expect(page.get_by_text("还没有消息")).to_be_visible()
    assert_accessible(page)


def test_a_category_is_muted_and_heard_again_and_the_statutory_ones_say_why_not(
    page, enter, assert_accessible
):
    enter(page, "r157")
    page.goto("/app/#/notices")
    page.get_by_role("link", name="消息设置").click()
    expect(page.get_by_role("heading", name="消息设置")).to_be_focused()
    expect(page.get_by_role("switch")).to_have_count(3)
    expect(page.get_by_text("法定告知、资金和安全类消息不能关闭。")).to_have_count(4)
    assert_accessible(page)
    switch = page.get_by_role("switch", name="缴费期提醒")
    expect(switch).to_be_checked()
    switch.click()
    expect(page.get_by_role("status").filter(has_text="已保存")).to_be_visible()
    page.reload()
    expect(switch).not_to_be_checked()
    switch.press("Space")
    expect(switch).to_be_checked()
    page.reload()
    expect(switch).to_be_checked()


def test_whoever_is_not_signed_in_is_led_to_signing_in(page):
    page.goto("/app/#/notices")
    expect(page).to_have_url(re.compile("/#/sign-in"))


def test_english_reaches_every_screen(page, enter, assert_accessible):
    enter(page, "r158")
    page.goto("/app/")
    page.evaluate("localStorage.setItem('huiban.settings', '{\"language\": \"en\"}')")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for path, heading in (
        ("family", "Family"),
        ("family/new", "Add somebody"),
        ("bills", "Bills"),
        ("bills/look-up", "Pay for somebody"),
        ("bills/confirm", "Confirm"),
        ("orders", "My orders"),
        ("receipts", "Receipts"),
        ("notices", "Notices"),
        ("notices/settings", "Notice settings"),
    ):
        page.goto(f"/app/#/{path}")
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(page.get_by_text("Loading…")).to_have_count(0)
        # Names stay as they are.
        spoken = re.sub(r"\w\*+\w?", "", page.get_by_role("main").inner_text())
        assert re.findall(r"[\u4e00-\u9fff]+", spoken) == [], path
        assert_accessible(page)
