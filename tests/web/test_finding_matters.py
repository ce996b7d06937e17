"""From everyday words, the home screen or a theme to all that is known of a matter."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(300)


def field(page):
    return page.get_by_role("combobox", name="您想办什么事？")


def options(page):
    return page.get_by_role("listbox").get_by_role("option")


def fact(page, name):
    return page.locator("dl > div").filter(has=page.get_by_text(name, exact=True)).locator("dd")


@pytest.mark.short
def test_a_resident_finds_a_matter_by_colloquial_words(page, assert_accessible):
    page.goto("/app/")
    page.get_by_role("link", name="您想办什么事？").click()
    expect(field(page)).to_be_focused()
    assert_accessible(page)
    field(page).press_sequentially("娃娃上户口", delay=40)
    expect(options(page).first).to_contain_text("新生儿入户")
    assert_accessible(page)
    # By keyboard alone; the field keeps the focus, as a reader of the screen expects.
    page.keyboard.press("ArrowDown")
    expect(options(page).first).to_have_attribute("aria-selected", "true")
    expect(field(page)).to_have_attribute("aria-activedescendant", "found-0")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="新生儿入户")).to_be_visible()
    expect(page.get_by_role("heading", name="办事指南")).to_be_focused()
    assert_accessible(page)
    # What no source says is not made up.
    expect(fact(page, "到现场次数")).to_have_text("未公布")
    expect(page.get_by_text("请到当地政务服务窗口")).to_be_visible()
    # Back at the results, as they were.
    page.get_by_role("button", name="返回").click()
    expect(field(page)).to_have_value("娃娃上户口")
    expect(options(page).first).to_contain_text("新生儿入户")


def test_while_typing_only_the_last_words_count(page):
    sent = []
    page.on("request", lambda it: sent.append(it.url) if "/matters?" in it.url else None)
    page.goto("/app/#/search")
    # Slower than the pause: the older question is given up. Faster: it is never asked.
    field(page).press_sequentially("身份", delay=400)
    field(page).press_sequentially("证丢了", delay=30)
    expect(page).to_have_url(re.compile("q=" + quote("身份证丢了")))
    expect(options(page).first).to_contain_text("居民身份证补领")
    assert 2 <= len(sent) <= 3
    field(page).fill("")
    expect(page.get_by_role("heading", name="大家常找")).to_be_visible()
    expect(options(page)).to_have_count(0)
    assert len(sent) <= 3


def test_a_long_list_of_results_goes_on_by_button(page):
    page.goto("/app/#/search?q=登记")
    expect(options(page)).to_have_count(20)
    page.get_by_role("button", name="加载更多").click()
    expect(options(page)).to_have_count(40)
    expect(page.get_by_role("status").filter(has_text="已显示 40 项")).to_be_visible()
    # Up from the field is the last one.
    field(page).press("ArrowUp")
    expect(options(page).last).to_have_attribute("aria-selected", "true")


def test_what_is_not_found_gets_words_that_are(page, assert_accessible):
    page.goto("/app/#/search?q=龘龘龘")
    expect(page.get_by_text("换个简单的说法试试")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="驾照换证").click()
    expect(options(page).first).to_contain_text("驾驶证期满换证")


def test_a_search_without_a_network_says_so_and_can_be_tried_again(page, watch):
    watch.expect("ERR_INTERNET_DISCONNECTED|Failed to load resource|sw.js")
    page.goto("/app/#/search")
    expect(field(page)).to_be_visible()
    page.context.set_offline(True)
    field(page).fill("低保")
    expect(page.get_by_role("alert")).to_contain_text("网络不通")
    page.context.set_offline(False)
    page.get_by_role("button", name="重试").click()
    expect(options(page).first).to_contain_text("最低生活保障申请")


def test_home_leads_to_hot_matters_themes_and_the_four_entries(page, assert_accessible):
    page.goto("/app/")
    entries = page.get_by_role("navigation", name="常用功能").get_by_role("link")
    expect(entries).to_have_text(["健康码", "缴费", "场所验码", "消息"])
    assert_accessible(page)
    page.get_by_role("link", name="公积金余额查询").click()
    expect(page.get_by_role("heading", name="公积金余额查询")).to_be_visible()
    page.get_by_role("button", name="返回").click()
    page.get_by_role("link", name=re.compile("婚姻登记")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("婚姻登记")
    assert_accessible(page)
    page.get_by_role("link", name=re.compile("^结婚登记公安|^结婚登记民政|^结婚登记")).first.click()
    expect(page.get_by_role("heading", name="办事指南")).to_be_visible()


def test_a_theme_opened_by_a_link_knows_its_name_and_goes_on_by_button(page):
    page.goto("/app/#/themes/114")
    expect(page.get_by_role("heading", level=1)).to_have_text("社会保险")
    rows = page.locator("main li")
    first = rows.count()
    page.get_by_role("button", name="加载更多").click()
    expect(rows.nth(first)).to_be_visible()
    page.goto("/app/#/themes/999")
    expect(page.get_by_text("这个主题下暂无事项")).to_be_visible()


def test_a_matter_tells_days_codes_and_the_name_that_was_asked_for(page, assert_accessible):
    page.goto("/app/#/matters/114200000110433137200016415400102")
    expect(fact(page, "承诺时限")).to_have_text("5 个工作日（参考值，部门尚未确认）")
    expect(fact(page, "法定时限")).to_contain_text("20 个工作日")
    expect(fact(page, "基本编码")).to_have_text("000164154001")
    page.goto("/app/#/matters/ZZBAE327166A")
    expect(page.get_by_role("heading", name="查询出入境记录")).to_be_visible()
    expect(page.get_by_text("您找的“出入境记录查询”与本事项相同")).to_be_visible()
    assert_accessible(page)


def test_a_matter_that_does_not_exist_is_told_in_the_servers_words(page, watch):
    watch.expect("404")
    page.goto("/app/#/matters/ZZ0000000000")
    expect(page.get_by_role("alert")).to_contain_text("未找到该事项")


def test_the_link_of_a_matter_is_copied(new_page):
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/app/#/matters/ZZ4DEA9FF34B")
    page.get_by_role("button", name="分享").click()
    expect(page.get_by_role("status").filter(has_text="链接已复制")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").endswith("/app/#/matters/ZZ4DEA9FF34B")


def test_simple_mode_has_four_large_entries_and_still_finds_a_matter(new_page, assert_accessible):
    page = new_page(viewport={"width": 320, "height": 640})
    page.goto("/app/#/me")
    page.get_by_role("switch", name="大字简明版").click()
    page.get_by_role("link", name="首页").click()
    entries = page.locator("main").get_by_role("link")
    expect(entries).to_have_text(["健康码", "缴费", "消息", "找办事"])
    assert_accessible(page)
    entries.last.click()
    field(page).fill("社保卡丢了")
    options(page).first.click()
    expect(page.get_by_role("heading", name="社会保障卡挂失")).to_be_visible()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize(
    "screen", ["", "search", "search?q=登记", "themes/114", "matters/ZZBAE327166A", "region"]
)
def test_nothing_is_cut_off_at_320_pixels_in_either_mode(new_page, screen):
    page = new_page(viewport={"width": 320, "height": 640})
    page.goto("/app/")
    for simple in ("false", "true"):
        page.evaluate(f"localStorage.setItem('huiban.settings', '{{\"simple\": {simple}}}')")
        page.goto("about:blank")
        page.goto(f"/app/#/{screen}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") == 320
