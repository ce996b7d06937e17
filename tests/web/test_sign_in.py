"""A resident signs in by phone code in a real browser, sees home and me, and signs out."""

import re

import pytest
from browsing import until
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(300)

RESIDENT = "r032"


@pytest.mark.short
def test_a_resident_signs_in_by_the_code_that_was_sent_and_out_again(
    page, people, read_code, assert_accessible
):
    phone = people[RESIDENT]["phone"]
    page.goto("/")
    expect(page).to_have_url(re.compile("/app/#/$"))
    expect(page.get_by_role("heading", name="高频事项")).to_be_visible()
    page.get_by_role("link", name="我的").click()
    page.get_by_role("link", name="登录").or_(page.get_by_role("button", name="登录")).click()
    page.get_by_label("手机号").fill(phone)
    page.get_by_role("button", name="获取验证码").click()
    expect(page.get_by_role("status").filter(has_text="验证码已发送")).to_be_visible()
    expect(page.get_by_role("button", name="秒后可重发")).to_be_disabled()
    assert_accessible(page)
    page.get_by_label("验证码").fill(read_code(phone))
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page).to_have_url(re.compile("/#/me$"))
    masked = f"{phone[:3]}****{phone[-4:]}"
    expect(page.get_by_text(masked)).to_be_visible()
    assert_accessible(page)
    # The session outlives the page; nothing but the cookie can renew it.
    page.reload()
    expect(page.get_by_text(masked)).to_be_visible()
    assert phone not in page.evaluate("JSON.stringify({...localStorage})")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_text("登录后可亮健康码")).to_be_visible()
    until(page, lambda: not page.context.cookies(), "the server took its cookie back")


def test_a_wrong_code_is_refused_in_words(page, people, watch):
    watch.expect("401")
    page.goto("/app/#/sign-in")
    page.get_by_label("手机号").fill(people["r002"]["phone"])
    page.get_by_role("button", name="获取验证码").click()
    expect(page.get_by_role("status").filter(has_text="验证码已发送")).to_be_visible()
    page.get_by_label("验证码").fill("000000")
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("验证码错误或已失效，请重新获取。")


def test_a_number_that_is_no_phone_is_named_at_its_field(page, watch):
    watch.expect("422")
    page.goto("/app/#/sign-in")
    page.get_by_label("手机号").fill("12345")
    page.get_by_role("button", name="获取验证码").click()
    expect(page.get_by_text("请填写中国大陆手机号")).to_be_visible()


@pytest.mark.short
def test_simple_mode_enlarges_everything_and_is_remembered(page, assert_accessible):
    page.goto("/app/#/me")
    expect(page.get_by_role("heading", name="我的")).to_be_visible()
    size = "parseFloat(getComputedStyle(document.querySelector('h1')).fontSize)"
    usual = page.evaluate(size)
    page.get_by_role("switch", name="大字简明版").click()
    large = page.evaluate(size)
    assert large > usual * 1.25
    page.reload()
    expect(page.get_by_role("heading", name="我的")).to_be_visible()
    assert page.evaluate(size) == large
    assert_accessible(page)
    page.goto("/app/#/")
    expect(page.get_by_role("link", name="找办事")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize("screen", ["", "sign-in", "me"])
def test_nothing_is_cut_off_at_320_pixels(new_page, screen):
    page = new_page(viewport={"width": 320, "height": 640})
    page.goto(f"/app/#/{screen}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_every_screen_is_announced_by_title_and_focused_heading(page):
    page.goto("/app/#/me")
    expect(page).to_have_title("我的 · 汇办")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.get_by_role("link", name="首页").click()
    expect(page).to_have_title("汇办")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


@pytest.mark.short
def test_english_reaches_the_screens_and_the_servers_words(page, watch):
    watch.expect("401")
    page.goto("/app/#/me")
    page.get_by_role("switch", name="English").click()
    expect(page.get_by_role("heading", name="Me")).to_be_visible()
    page.goto("/app/#/sign-in")
    page.get_by_label("Phone").fill("19900000003")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("code")
