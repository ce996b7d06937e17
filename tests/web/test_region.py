"""Choosing a region, before anybody signs in."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(300)


def test_a_county_is_chosen_and_remembered_and_changes_what_is_shown(page, assert_accessible):
    page.goto("/app/")
    page.get_by_role("link", name="当前地区：湖北省").click()
    expect(page.get_by_role("heading", name="选择地区")).to_be_focused()
    assert_accessible(page)
    page.get_by_role("button", name="武汉市 查看下级地区").click()
    # The list changed under the finger: its first choice has the focus.
    expect(page.get_by_role("button", name="选“武汉市”")).to_be_focused()
    assert_accessible(page)
    page.get_by_label("在列表中查找").fill("江")
    names = page.locator("main .card button")
    expect(names).to_have_text(["江岸区", "江汉区", "江夏区"])
    names.first.click()
    expect(page.get_by_role("link", name="当前地区：江岸区")).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="当前地区：江岸区")).to_be_visible()
    # A county's own matter is handled here now, not only below.
    page.goto("/app/#/search?q=失业登记")
    expect(page.get_by_role("option").first).to_contain_text("本地可办")


def test_a_city_may_be_chosen_as_a_whole_and_the_way_leads_back_up(page):
    page.goto("/app/#/region")
    page.get_by_role("button", name="黄石市 查看下级地区").click()
    page.get_by_role("navigation").get_by_role("button", name="湖北省").click()
    page.get_by_role("button", name="宜昌市 查看下级地区").click()
    page.get_by_role("button", name="选“宜昌市”").click()
    expect(page.get_by_role("link", name="当前地区：宜昌市")).to_be_visible()


def test_a_city_that_is_a_county_is_chosen_at_once(page):
    page.goto("/app/#/region")
    page.get_by_label("在列表中查找").fill("神农架")
    page.get_by_role("button", name="神农架林区").click()
    expect(page.get_by_role("link", name="当前地区：神农架林区")).to_be_visible()


def test_a_name_that_is_not_in_the_list_is_told_so(page, assert_accessible):
    page.goto("/app/#/region")
    page.get_by_label("在列表中查找").fill("上海")
    expect(page.get_by_text("列表中没有这个地名")).to_be_visible()
    assert_accessible(page)


def test_a_matter_handled_only_below_leads_to_the_choice_and_back(page):
    page.goto("/app/#/search?q=失业登记")
    page.get_by_role("option").first.click()
    expect(page.get_by_text("湖北省本级不办理")).to_be_visible()
    page.get_by_role("button", name="换个地区").click()
    page.get_by_role("button", name="武汉市 查看下级地区").click()
    page.get_by_role("button", name="江岸区").click()
    expect(page.get_by_text("在江岸区可以办理")).to_be_visible()


@pytest.mark.parametrize("simple", ["false", "true"])
def test_a_region_that_no_longer_stands_gives_way_to_the_province(page, watch, simple):
    watch.expect("404")
    page.goto("/app/#/me")
    kept = f'{{"region": "429999000000", "simple": {simple}}}'
    page.evaluate("kept => localStorage.setItem('huiban.settings', kept)", kept)
    page.goto("about:blank")
    if simple == "true":
        # Its home asks for nothing; the search is the first to learn of it.
        page.goto("/app/#/search?q=失业登记")
        expect(page.get_by_role("option").first).to_be_visible()
        assert '"420000000000"' in page.evaluate("localStorage.getItem('huiban.settings')")
    else:
        page.goto("/app/")
        expect(page.get_by_role("link", name="当前地区：湖北省")).to_be_visible()
