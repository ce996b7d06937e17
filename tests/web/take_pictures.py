"""`make pictures`: the screens as people see them, into `docs/pictures/`. Not part of `make test`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import httpx
import pytest
from browsing import authority_silent, stopped
from pictures import FOLDER, take_at_rest
from playwright.sync_api import Page, expect
from web.conftest import HEALTHY

pytestmark = pytest.mark.timeout(600)

WUHAN = "420100000000"
CASHIER = r"foreign host: .*/checkmweb"


@pytest.fixture
def phone(new_page) -> Callable[..., Page]:
    """A phone with a sharp screen that has chosen Wuhan: `phone(simple=True)`."""

    def open_phone(width: int = 390, scale: float = 2, **chosen) -> Page:
        page = new_page(viewport={"width": width, "height": 844}, device_scale_factor=scale)
        kept = json.dumps({"region": WUHAN, "simple": False, "language": "zh"} | chosen)
        keep = "if (location.pathname.startsWith('/app/') && !localStorage['huiban.settings'])"
        script = f"{keep} localStorage['huiban.settings'] = {json.dumps(kept)}"
        page.add_init_script(script)
        return page

    return open_phone


def test_what_everybody_sees(phone):
    page = phone()
    for name, path in (
        ("home", "/"),
        ("region", "/region"),
        ("sign-in", "/sign-in"),
        ("search", "/search"),
    ):
        page.goto(f"/app/#{path}")
        expect(page.get_by_role("main")).to_be_visible()
        if name == "search":
            page.get_by_role("combobox").fill("娃娃上户口")
            page.wait_for_timeout(1_000)
        take_at_rest(page, f"app/{name}")
    # One whose bills are paid here.
    page.goto("/app/#/matters/ZZ95261C75A0")
    expect(page.get_by_role("button", name="去缴费")).to_be_visible()
    take_at_rest(page, "app/matter")
    page.goto("/app/#/")
    page.locator("a[href*='/themes/']").first.click()
    take_at_rest(page, "app/theme")
    simple = phone(simple=True)
    simple.goto("/app/#/")
    take_at_rest(simple, "app/home-simple")
    narrow = phone(width=320)
    narrow.goto("/app/#/")
    take_at_rest(narrow, "app/home-320")
    english = phone(language="en")
    english.goto("/app/#/")
    take_at_rest(english, "app/home-english")
    wide = phone(width=1200, scale=1)
    wide.goto("/docs/")
    expect(wide.get_by_role("heading", name=re.compile("Notices")).first).to_be_visible()
    take_at_rest(wide, "docs")


def test_proving_the_real_name(phone, sign_in, people):
    page = phone()
    sign_in(page, people["r184"]["phone"])
    page.goto("/app/#/real-name")
    take_at_rest(page, "app/real-name")
    assert (FOLDER / "app" / "real-name.png").exists()


def test_the_health_code(phone, enter, declare, watch):
    watch.expect("ERR_INTERNET_DISCONNECTED")
    page = phone()
    headers = enter(page, "r181")
    page.goto("/app/#/code")
    take_at_rest(page, "app/code-none")
    page.goto("/app/#/code/declare")
    take_at_rest(page, "app/declare")
    declare(page, headers)
    page.goto("/app/#/code")
    take_at_rest(page, "app/code")
    page.context.set_offline(True)
    page.reload()
    take_at_rest(page, "app/code-offline")
    page.context.set_offline(False)
    simple = phone(simple=True)
    declare(simple, enter(simple, "r182"))
    simple.goto("/app/#/code")
    take_at_rest(simple, "app/code-simple")
    red = phone()
    declare(red, enter(red, "r204"))
    red.goto("/app/#/code")
    take_at_rest(red, "app/code-red")


def test_a_yellow_code_a_grey_one_and_one_that_expired(phone, enter, declare, stack, watch):
    watch.expect("ERR_|Failed to load resource|sw.js")
    page = phone()
    declare(page, enter(page, "r185"), symptoms=["cough"])
    page.goto("/app/#/code")
    expect(page.get_by_role("heading", name="黄码")).to_be_visible()
    take_at_rest(page, "app/code-yellow")
    page.clock.install()
    with stopped(stack):
        page.clock.fast_forward(130_000)
        expect(page.get_by_role("heading", name="暂无法显示")).to_be_visible()
        take_at_rest(page, "app/code-expired")
    silent = phone()
    headers = enter(silent, "r186")
    with authority_silent(stack):
        said = {**HEALTHY, "confirmed_true": True}
        silent.context.request.put("/api/v1/health-code/declaration", data=said, headers=headers)
        silent.goto("/app/#/code")
        expect(silent.get_by_role("heading", name="正在核验")).to_be_visible()
        take_at_rest(silent, "app/code-grey")


def order_of(page):
    """Order the one bill of whoever is signed in."""
    page.goto("/app/#/bills")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="去缴费").click()
    page.get_by_role("button", name="提交订单").click()
    expect(page.get_by_role("heading", name="等待付款")).to_be_visible()


def test_bills_in_simple_mode_and_an_order_that_is_closed(phone, enter):
    simple = phone(simple=True)
    enter(simple, "r187")
    simple.goto("/app/#/bills")
    expect(simple.get_by_role("checkbox")).to_be_visible()
    take_at_rest(simple, "app/bills-simple")
    page = phone()
    enter(page, "r188")
    order_of(page)
    page.get_by_role("button", name="取消订单").click()
    take_at_rest(page, "app/order-cancel")
    page.get_by_role("button", name="确认取消").click()
    expect(page.get_by_role("heading", name="订单已关闭")).to_be_visible()
    take_at_rest(page, "app/order-closed")


def test_an_order_whose_payment_is_not_known_yet_and_one_that_is_held(phone, enter, stack, watch):
    watch.expect(CASHIER)
    page = phone()
    headers = enter(page, "r189")
    order_of(page)
    page.get_by_role("button", name="微信支付").click()
    page.get_by_role("button", name="取消 · Cancel").click()
    expect(page.get_by_role("heading", name="正在确认付款结果")).to_be_visible()
    take_at_rest(page, "app/order-confirming")
    (order,) = page.context.request.get("/api/v1/orders", headers=headers).json()["items"]
    paid = {"out_trade_no": order["attempts"][0]["out_trade_no"], "tamper": "amount"}
    httpx.post(f"{stack.stubs_url}/wechatpay/simulate", json=paid).raise_for_status()
    expect(page.get_by_role("heading", name="正在人工核查")).to_be_visible()
    take_at_rest(page, "app/order-held")


def test_mandates_asked_for_and_given(phone, enter, people):
    mother, daughter = phone(), phone()
    enter(daughter, "r190")
    enter(mother, "r193")
    for key in ("r193", "r194"):
        daughter.goto("about:blank")
        daughter.goto("/app/#/family/new")
        daughter.get_by_label("家人姓名").fill(people[key]["name"])
        daughter.get_by_label("身份证号").fill(people[key]["document_number"])
        daughter.get_by_role("button", name="发送请求").click()
        expect(daughter.get_by_role("heading", name="请求已发出")).to_be_visible()
    mother.goto("/app/#/family")
    expect(mother.get_by_role("heading", name="等您确认")).to_be_visible()
    take_at_rest(mother, "app/family-asked")
    mother.get_by_role("button", name="同意", exact=True).click()
    take_at_rest(mother, "app/family-agree")
    mother.get_by_role("dialog").get_by_role("button", name="同意", exact=True).click()
    expect(mother.get_by_role("heading", name="谁可以为我办事")).to_be_visible()
    daughter.goto("/app/#/family")
    expect(daughter.get_by_role("button", name="为TA缴费")).to_be_visible()
    take_at_rest(daughter, "app/family-active")


def test_paying_for_the_family(phone, enter, watch, people):
    watch.expect(CASHIER)
    father = people["p001"]
    page = phone()
    enter(page, "r001")
    page.goto("/app/#/bills")
    take_at_rest(page, "app/bills")
    page.goto("/app/#/bills/look-up")
    page.get_by_label("家人姓名").fill(father["name"])
    page.get_by_label("身份证号").fill(father["document_number"])
    page.get_by_role("button", name="查询应缴费用").click()
    page.get_by_role("checkbox").check()
    take_at_rest(page, "app/look-up")
    page.get_by_role("button", name="去缴费").click()
    expect(page.get_by_role("heading", name="确认订单")).to_be_visible()
    take_at_rest(page, "app/confirm-order")
    page.get_by_role("button", name="提交订单").click()
    expect(page.get_by_role("heading", name="等待付款")).to_be_visible()
    take_at_rest(page, "app/order-open")
    page.get_by_role("button", name="微信支付").click()
    expect(page.get_by_text("演示收银台")).to_be_visible()
    take_at_rest(page, "app/cashier")
    page.get_by_role("button", name="支付 · Pay").click()
    expect(page.get_by_role("heading", name="缴费成功")).to_be_visible(timeout=20_000)
    take_at_rest(page, "app/order-settled")
    for name, path in (
        ("orders", "/orders"),
        ("receipts", "/receipts"),
        ("family", "/family"),
        ("family-new", "/family/new"),
        ("me", "/me"),
        ("devices", "/devices"),
        ("scans", "/scans"),
        ("notice-settings", "/notices/settings"),
    ):
        page.goto(f"/app/#{path}")
        take_at_rest(page, f"app/{name}")
    page.goto("/app/#/notices")
    page.get_by_role("button", name="代缴已入账").first.click()
    take_at_rest(page, "app/notices")
