"""A case officer says at the desk who scans at a venue, and the door obeys."""

import re

import pytest
from desks import WIDE, agree, sign_in
from playwright.sync_api import expect

from app.core.db import unit_of_work
from healthcode.venues import NewVenue, register_venue

pytestmark = pytest.mark.timeout(400)

VENUE = "莲花湖湿地公园"


@pytest.fixture
def venues(new_page):
    """The list of venues before the city's case officer."""
    page = new_page(viewport=WIDE)
    sign_in(page, "wuhan.case.01")
    page.get_by_role("link", name="场所与扫码人员").click()
    expect(page.get_by_role("heading", level=2).first).to_be_visible()
    return page


def find(page, name):
    page.get_by_label("场所名称").fill(name)
    page.keyboard.press("Enter")


def test_a_case_officer_finds_a_venue_lets_somebody_scan_there_and_ends_it(
    venues, people, door, assert_accessible, watch
):
    watch.expect("422")
    watch.expect("403")
    found = venues.get_by_role("main").get_by_role("heading", level=2)
    # Another city's gym.
    find(venues, "健身馆")
    expect(venues.get_by_text("没有名称相符的场所")).to_be_visible()
    assert_accessible(venues)
    find(venues, "湿地")
    expect(found).to_have_text([re.compile(VENUE)])
    venues.get_by_role("button", name=f"{VENUE}的扫码人员").click()
    members = venues.get_by_role("button", name="移除 ")
    expect(members).to_have_count(4)
    assert_accessible(venues)
    add_by_phone(venues, people["r206"]["phone"], assert_accessible)
    expect(members).to_have_count(5)
    venues.set_viewport_size({"width": 320, "height": 700})
    assert venues.evaluate("document.documentElement.scrollWidth") == 320
    for key in ("r206", "s045"):
        assert people[key]["phone"] not in venues.content()
        assert people[key]["name"] not in venues.content()
    at_door = door("r206")
    expect(at_door.get_by_text(VENUE)).to_be_visible()
    remove_newest(venues)
    expect(members).to_have_count(4)
    with at_door.expect_response(re.compile("/verifier/venues$")) as refused:
        at_door.get_by_role("link", name="更换场所").click()
    assert refused.value.status == 403


def add_by_phone(page, phone, assert_accessible):
    page.get_by_label("手机号").fill("12345")
    page.get_by_role("button", name="添加").click()
    expect(page.get_by_text("请填写中国大陆手机号。").first).to_be_visible()
    assert_accessible(page)
    page.get_by_label("手机号").fill(phone)
    page.get_by_role("button", name="添加").click()
    expect(page.get_by_role("status").filter(has_text="已添加")).to_be_visible()
    masked = f"移除 {phone[:3]}****{phone[-4:]}"
    expect(page.get_by_role("button", name="移除 ").first).to_have_accessible_name(masked)


def remove_newest(page):
    remove = page.get_by_role("button", name="移除 ").first
    remove.click()
    page.get_by_role("dialog").get_by_role("button", name="返回").click()
    expect(page.get_by_role("button", name="移除 ")).to_have_count(5)
    remove.click()
    agree(page, "移除")
    expect(page.get_by_role("status").filter(has_text="已移除。")).to_be_visible()


def test_a_venue_without_staff_says_so_and_a_list_that_did_not_come_is_asked_for_again(
    venues, product, watch, assert_accessible
):
    watch.expect("ERR_FAILED|Failed to load resource")
    with unit_of_work(product) as session:
        register_venue(session, NewVenue("新开业书店", "bookshop", "420106000000", "试验路1号"))
    find(venues, "新开业")
    venues.route("**/staff", lambda it: it.abort("failed"))
    venues.get_by_role("button", name="新开业书店的扫码人员").click()
    again = venues.get_by_role("button", name="重试")
    expect(again).to_be_visible()
    assert_accessible(venues)
    venues.unroute("**/staff")
    again.click()
    expect(venues.get_by_text("还没有扫码人员")).to_be_visible()
    assert_accessible(venues)
