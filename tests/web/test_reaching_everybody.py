"""For eyes, ears and fingers of all kinds: simple mode from the start, focus, spoken languages."""

import json
import re

import pytest
from browsing import until
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(300)

NARROW = {"width": 320, "height": 640}
#: Chinese that a screen reader would speak as English.
MISSPOKEN = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const found = []
    while (walker.nextNode()) {
        const { data, parentElement } = walker.currentNode
        if (!/\\p{Script=Han}/u.test(data) || parentElement.matches('script, noscript, style')) continue
        if (!parentElement.closest('[lang]').lang.startsWith('zh')) found.push(data)
    }
    return found
}"""
#: What has the focus, and whether a bar covers it or it lies outside the window.
FOCUSED = """() => {
    const it = document.activeElement
    if (!it.closest('main')) return null
    const { top, bottom } = it.getBoundingClientRect()
    const above = document.querySelector('.head').getBoundingClientRect().bottom
    const below = document.querySelector('nav.bar')?.getBoundingClientRect().top ?? innerHeight
    const label = it.labels?.[0]?.textContent.trim()
    const name = label || it.id || it.name || it.value || it.textContent.trim()
    return [name, top >= above && bottom <= below]
}"""

#: Text inputs narrower than six letters, and buttons of which some text lies outside them or their card.
CRAMPED = """() => {
    const inside = (text, box) => text.left >= box.left - 1 && text.right <= box.right + 1
        && text.top >= box.top - 1 && text.bottom <= box.bottom + 1
    const wide = (it) => {
        const { fontSize, paddingLeft, paddingRight } = getComputedStyle(it)
        const room = it.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight)
        return room >= 6 * parseFloat(fontSize)
    }
    const whole = (it) => {
        const range = document.createRange()
        range.selectNodeContents(it)
        const text = range.getBoundingClientRect()
        const card = it.closest('.card')?.getBoundingClientRect()
        return inside(text, it.getBoundingClientRect()) && (!card || inside(text, card))
    }
    const typed = 'input:not([type=checkbox], [type=radio], [type=file]), textarea'
    const shown = (name) => [...document.querySelectorAll('main :is(' + name + ')')]
        .filter((it) => it.checkVisibility() && !it.closest('.visually-hidden'))
    return [
        shown(typed).length,
        shown(typed).filter((it) => !wide(it)).map((it) => it.name),
        shown('button, .van-button').filter((it) => !whole(it)).map((it) => it.textContent.trim()),
    ]
}"""


def test_whoever_needs_large_letters_finds_them_on_the_first_screen(
    new_page, watch, assert_accessible
):
    page = new_page(viewport=NARROW)
    page.goto("/app/")
    page.get_by_role("main").get_by_role("button", name="大字简明版").click()
    expect(page.get_by_role("link", name="找办事")).to_be_visible()
    assert_accessible(page)
    # The menu, which simple mode does not show, is not fetched for it.
    page.goto("about:blank")
    watch.calls.clear()
    page.goto("/app/")
    expect(page.get_by_role("link", name="找办事")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert ("GET", "/api/v1/menu") not in watch.calls
    # Back in the usual one it is there.
    page.get_by_role("button", name="返回标准版").click()
    expect(page.get_by_role("heading", name="高频事项")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_large_letters_are_offered_where_one_signs_in(new_page, assert_accessible):
    page = new_page(viewport=NARROW)
    page.goto("/app/#/sign-in")
    size = "parseFloat(getComputedStyle(document.querySelector('h1')).fontSize)"
    before = page.evaluate(size)
    page.get_by_label("手机号").fill("19900000001")
    page.get_by_role("button", name="大字简明版").click()
    assert page.evaluate(size) > before * 1.25
    # Nothing that was typed is lost.
    expect(page.get_by_label("手机号")).to_have_value("19900000001")
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("simple", ["false", "true"])
def test_what_has_the_focus_is_never_under_a_bar(new_page, enter, simple):
    page = new_page(viewport=NARROW)
    enter(page, "r031" if simple == "true" else "r175")
    page.goto("/app/")
    page.evaluate(f"localStorage.setItem('huiban.settings', '{{\"simple\": {simple}}}')")
    for screen, steps in (("code/declare", 15), ("family/new", 10), ("me", 12)):
        page.goto("about:blank")
        page.goto(f"/app/#/{screen}")
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        expect(page.get_by_text("正在加载…")).to_have_count(0)
        met = []
        for key in ["Tab"] * steps + ["Shift+Tab"] * steps:
            page.keyboard.press(key)
            met.append(page.evaluate(FOCUSED))
        seen = [each for each in met if each]
        assert len({name for name, _ in seen}) >= 5
        assert [name for name, clear in seen if not clear] == [], screen


@pytest.mark.short
@pytest.mark.parametrize(("language", "key"), [("zh", "r140"), ("en", "r142")])
def test_large_letters_on_a_narrow_phone_leave_room_to_type_and_cut_off_no_button(
    new_page, enter, language, key
):
    page = new_page(viewport=NARROW)
    enter(page, key)
    page.goto("/app/")
    kept = json.dumps({"simple": True, "language": language})
    page.evaluate("kept => localStorage.setItem('huiban.settings', kept)", kept)
    for screen, fields in (
        *(("account/phone", 4), ("account/password", 3), ("account/merge", 4)),
        *(("account/close", 2), ("privacy/copy", 2), ("organisations", 1)),
        *(("family/guardian", 2), ("family/new", 2), ("bills/look-up", 2), ("sign-in", 2)),
    ):
        page.goto("about:blank")
        page.goto(f"/app/#/{screen}")
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        expect(page.locator("main form input").first).to_be_visible()
        shown, narrow, cut = page.evaluate(CRAMPED)
        assert shown >= fields, screen
        assert (narrow, cut) == ([], []), screen
    page.get_by_role("button", name="密码" if language == "zh" else "password").click()
    assert page.evaluate(CRAMPED) == [2, [], []]


@pytest.mark.short
def test_chinese_is_spoken_as_chinese_in_english_mode(page, enter, declare):
    headers = enter(page, "r176")
    declare(page, headers)
    page.goto("/app/")
    page.evaluate("localStorage.setItem('huiban.settings', '{\"language\": \"en\"}')")
    spoken = ""
    for screen in (
        *("", "themes/114", "region", "search?q=登记", "search", "sign-in"),
        *("code", "me", "devices", "family", "bills", "bills/look-up", "scans", "notices"),
    ):
        page.goto("about:blank")
        page.goto(f"/app/#/{screen}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
        expect(page.get_by_text("Loading…")).to_have_count(0)
        assert page.evaluate(MISSPOKEN) == [], screen
        spoken += page.get_by_role("main").inner_text()
    # There was something to be said.
    assert re.search("湖北省|武汉市", spoken)
    assert re.search(r"\w\*", spoken)


def test_an_address_changed_while_the_first_screen_loads_is_the_one_that_opens(page):
    # The first screen's own file takes its time.
    held = []
    page.route(re.compile(r"/MePage-.*\.js"), lambda it: held.append(it))
    page.goto("/app/#/me", wait_until="commit")
    until(page, lambda: held, "the first screen is on its way")
    page.goto("/app/#/search")
    for each in held:
        each.continue_()
    expect(page.get_by_role("heading", level=1)).to_have_text("找办事")
    assert page.url.endswith("/#/search")
