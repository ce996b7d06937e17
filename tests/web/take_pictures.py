"""`make pictures`: the screens as people see them, into `docs/pictures/`. Not part of `make test`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from pictures import FOLDER, take_at_rest
from playwright.sync_api import Page, expect

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
    page.goto("/app/#/")
    page.get_by_role("main").get_by_role(
        "link", name=re.compile("身份证|社保|公积金")
    ).first.click()
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
