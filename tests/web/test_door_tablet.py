"""The tablet at a door: whose session it has, how long, whom it believes, what it says aloud."""

import pytest
from browsing import comes_true
from playwright.sync_api import expect
from scanning import cut_off, flipped, kept_for_offline, type_fast, verdict

pytestmark = pytest.mark.timeout(300)


def test_after_a_shift_the_device_locks_itself_without_a_network_too(door, watch):
    page = door("s024", camera=False)
    kept_for_offline(page)
    page.clock.install()
    page.reload()
    expect(page.locator(".counts")).to_be_visible()
    cut_off(page, watch)
    page.clock.fast_forward("07:59:00")
    expect(page.locator(".counts")).to_be_visible()
    page.clock.fast_forward("00:02:00")
    expect(page.get_by_label("手机号")).to_be_visible()
    page.goto("/scanner/#/")
    expect(page.locator(".counts")).to_have_count(0)


@pytest.mark.short
def test_a_resident_and_the_door_in_one_browser_know_nothing_of_each_other(door, enter, people):
    page = door("s025", camera=False)
    enter(page, "r170")
    page.goto("/app/#/me")
    phone = people["r170"]["phone"]
    expect(page.get_by_text(f"{phone[:3]}****{phone[-4:]}")).to_be_visible()
    page.goto("/scanner/")
    expect(page.locator(".counts")).to_be_visible()
    page.get_by_role("link", name="设置").click()
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_label("手机号")).to_be_visible()
    page.goto("/app/#/me")
    expect(page.get_by_text(f"{phone[:3]}****{phone[-4:]}")).to_be_visible()


def test_the_sign_in_page_of_a_foreign_network_is_no_network(door, declared):
    _, code = declared("r028")
    portal = {"content_type": "text/html", "body": "<h1>Free Wi-Fi</h1>"}
    caught = []

    def catch(route):
        caught.append(route.request.url)
        route.fulfill(**portal)

    page = door("s026", camera=False)
    kept_for_offline(page)
    page.route("**/api/**", catch)
    type_fast(page, code)
    expect(verdict(page)).to_contain_text("需核查")
    expect(verdict(page)).to_contain_text("只核对了签名")
    page.keyboard.press("Escape")
    expect(page.get_by_text("不会显示“通过”")).to_be_visible()
    assert caught
    page.unroute("**/api/**")
    expect(page.get_by_text("已联网核验：通过")).to_be_visible(timeout=15_000)


def test_every_verdict_is_spoken_by_a_region_that_was_there_before(door, declared):
    _, code = declared("r027")
    page = door("s027", camera=False)
    page.evaluate(
        """() => {
            globalThis.spoken = []
            const region = () => document.querySelector("dialog[open] [role=alert]")
            new MutationObserver((changes) => {
                for (const {target, type} of changes) {
                    const it = region()
                    // Words that came with the region itself would not be spoken.
                    if (it?.contains(target) && it.textContent) spoken.push(it.textContent)
                }
            }).observe(document, {subtree: true, childList: true, characterData: true})
        }"""
    )
    for text in (flipped(code), flipped(code), code):
        before = page.evaluate("spoken.length")
        type_fast(page, text)
        comes_true(page, f"spoken.length > {before}")
    page.get_by_role("button", name="继续扫码").click()
    type_fast(page, "HB1:HELLO")
    comes_true(page, "spoken.length > 3")
    said = page.evaluate("spoken")
    assert [each.split(",")[0] for each in said] == ["不通过", "不通过", "通过", "不通过"]
    assert "请通行" in said[2]
    assert "再扫一次" in said[3]


def test_hints_are_large_enough_to_read_and_sounds_can_be_tried(door, assert_accessible):
    page = door("s028", camera=False)
    smallest = """Math.min(...[...document.querySelectorAll("main *")]
        .filter((it) => it.checkVisibility() && it.innerText?.trim())
        .map((it) => parseFloat(getComputedStyle(it).fontSize)))"""
    assert page.evaluate(smallest) >= 15
    page.get_by_role("link", name="设置").click()
    expect(page.get_by_role("group", name="试听")).to_be_visible()
    assert page.evaluate(smallest) >= 15
    assert_accessible(page)
    page.evaluate(
        """() => {
            globalThis.heard = []
            const Real = OscillatorNode
            globalThis.OscillatorNode = class extends Real {
                constructor(context, options) {
                    super(context, options)
                    heard.push(options.frequency)
                }
            }
        }"""
    )
    for name, notes in (("通过", 2), ("需核查", 2), ("不通过", 3)):
        page.get_by_role("button", name=name, exact=True).click()
        assert len(page.evaluate("heard.splice(0)")) == notes
    page.get_by_role("switch", name="提示音").click()
    expect(page.get_by_role("button", name="通过", exact=True)).to_be_disabled()
