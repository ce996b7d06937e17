"""One order, one payment: answers that are lost, second thoughts, payments that do not fit."""

import re

import httpx
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(300)

PAID_FOR = re.compile(r"居民医保 · 20\d\d年度 · .\*")
CASHIER = r"foreign host: .*/checkmweb"


def choose_own(page):
    page.goto("/app/#/bills")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="去缴费").click()
    expect(page.get_by_role("button", name="提交订单")).to_be_visible()


def orders(page, headers):
    return page.context.request.get("/api/v1/orders", headers=headers).json()["items"]


def test_an_order_whose_answer_was_lost_is_placed_once(page, enter, watch):
    watch.expect("ERR_|Failed to load")
    me = enter(page, "r148")
    choose_own(page)

    def lose(route):
        route.fetch()
        route.abort()

    page.route("**/api/v1/orders", lose, times=1)
    page.get_by_role("button", name="提交订单").click()
    expect(page.get_by_role("alert")).to_contain_text("网络不通")
    assert len(orders(page, me)) == 1
    # The page is opened anew; what was decided is known still.
    page.reload()
    page.get_by_role("button", name="提交订单").click()
    expect(page.get_by_role("heading", name="等待付款")).to_be_visible()
    (placed,) = orders(page, me)
    assert page.url.endswith(f"/orders/{placed['id']}")
    # Back leads to the bills, not to placing it again; the bill is in an order already.
    page.go_back()
    expect(page.get_by_role("heading", name="缴费", exact=True)).to_be_visible()
    expect(page.get_by_text("您有 1 笔订单待支付")).to_be_visible()
    expect(page.get_by_role("button", name="去缴费")).to_have_count(0)


def test_a_bill_in_another_order_is_said_so_and_a_cancelled_order_frees_it(
    page, enter, watch, assert_accessible
):
    watch.expect("409")
    me = enter(page, "r149")
    choose_own(page)
    page.get_by_role("button", name="提交订单").click()
    expect(page.get_by_role("heading", name="等待付款")).to_be_visible()
    choose_own(page)
    page.get_by_role("button", name="提交订单").click()
    expect(page.get_by_role("alert")).to_contain_text("缴费单已在另一笔订单中")
    assert_accessible(page)
    page.get_by_role("button", name="查看我的订单").click()
    expect(page.get_by_role("heading", name="我的订单")).to_be_focused()
    assert_accessible(page)
    # List and order say what is paid, for when and for whom.
    order = page.get_by_role("link", name="待支付")
    expect(order).to_contain_text(PAID_FOR)
    order.click()
    expect(page.get_by_role("listitem").filter(has_text=PAID_FOR)).to_contain_text("400.00")
    page.get_by_role("button", name="取消订单").click()
    assert_accessible(page)
    page.get_by_role("button", name="确认取消").click()
    expect(page.get_by_role("heading", name="订单已关闭")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="重新选择缴费单").click()
    # What had been chosen is chosen still.
    expect(page.get_by_role("checkbox")).to_be_checked()
    page.get_by_role("button", name="去缴费").click()
    page.get_by_role("button", name="提交订单").click()
    expect(page.get_by_role("heading", name="等待付款")).to_be_visible()
    assert sorted(each["status"] for each in orders(page, me)) == ["awaiting_payment", "closed"]


def test_who_gives_up_at_the_cashier_may_go_on_later_and_pays_once(page, enter, watch):
    watch.expect(CASHIER)
    me = enter(page, "r150")
    choose_own(page)
    page.get_by_role("button", name="提交订单").click()
    page.get_by_role("button", name="微信支付").click()
    page.get_by_role("button", name="取消 · Cancel").click()
    expect(page.get_by_role("heading", name="正在确认付款结果")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="正在确认付款结果")).to_be_visible()
    page.get_by_role("button", name="继续支付").click()
    page.get_by_role("button", name="支付 · Pay").click()
    expect(page.get_by_role("heading", name="缴费成功")).to_be_visible(timeout=20_000)
    (order,) = orders(page, me)
    assert [each["status"] for each in order["attempts"]] == ["paid"]
    # Nothing is left to press.
    expect(page.get_by_role("button", name=re.compile("支付|取消"))).to_have_count(0)


def test_a_screen_shown_again_as_it_was_left_for_the_cashier_works(page, enter, watch):
    watch.expect(CASHIER)
    enter(page, "r159")
    choose_own(page)
    page.get_by_role("button", name="提交订单").click()
    # A cashier that the browser does not come to.
    page.route("**/checkmweb?*", lambda route: route.fulfill(status=204))
    page.get_by_role("button", name="微信支付").click()
    opening = page.get_by_role("button", name="正在打开收银台")
    expect(opening).to_be_disabled()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(opening).to_have_count(0)
    expect(page.get_by_role("button", name="微信支付")).to_be_enabled()


def test_an_address_that_is_no_cashiers_is_not_opened_and_said_so(page, enter):
    enter(page, "r172")
    choose_own(page)
    page.get_by_role("button", name="提交订单").click()
    addresses = ["http://evil.example/checkmweb", "javascript:1", "", None]
    left = iter(addresses)

    def spoil(route):
        answer = route.fetch()
        body = answer.json() | {"client_params": {"h5_url": next(left)}}
        route.fulfill(response=answer, json=body)

    page.route("**/payments", spoil)
    for _ in addresses:
        page.get_by_role("button", name="微信支付").click()
        expect(page.get_by_role("alert")).to_contain_text("收银台地址不对")
    assert next(left, "none left") == "none left"
    assert "/app/#/orders/" in page.url


def test_what_one_person_chose_is_not_seen_by_the_next(page, enter):
    enter(page, "r160")
    choose_own(page)
    enter(page, "r173")
    page.goto("/app/#/bills/confirm")
    expect(page.get_by_text("没有选择缴费单")).to_be_visible()


@pytest.mark.short
def test_a_payment_that_does_not_fit_is_held_and_said_so_plainly(
    page, enter, stack, watch, assert_accessible
):
    watch.expect(CASHIER)
    me = enter(page, "r152")
    choose_own(page)
    page.get_by_role("button", name="提交订单").click()
    page.get_by_role("button", name="微信支付").click()
    page.get_by_role("button", name="取消 · Cancel").click()
    expect(page.get_by_role("heading", name="正在确认付款结果")).to_be_visible()
    (order,) = orders(page, me)
    body = {"out_trade_no": order["attempts"][0]["out_trade_no"], "tamper": "amount"}
    assert httpx.post(f"{stack.stubs_url}/wechatpay/simulate", json=body).status_code == 200
    # The screen learns of it by itself.
    expect(page.get_by_role("heading", name="正在人工核查")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("请不要重复付款")).to_be_visible()
    expect(page.get_by_role("button", name="支付")).to_have_count(0)
    assert_accessible(page)


def test_what_cannot_be_fetched_says_so_and_comes_when_asked_again(page, enter, watch):
    watch.expect("ERR_|Failed to load")
    enter(page, "r153")
    page.goto("/app/#/orders")
    expect(page.get_by_text("还没有订单")).to_be_visible()
    for path, heading in (
        ("bills", "缴费"),
        ("family", "家人"),
        ("receipts", "缴费凭证"),
        ("notices", "消息"),
        ("notices/settings", "消息设置"),
    ):
        page.goto(f"/app/#/{path}")
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(page.get_by_text("正在加载…")).to_have_count(0)
    for path in ("bills", "family", "receipts", "notices", "notices/settings"):
        page.route("**/api/v1/**", lambda route: route.abort())
        page.goto(f"/app/#/{path}")
        expect(page.get_by_role("alert")).to_contain_text("网络不通")
        page.unroute("**/api/v1/**")
        page.get_by_role("button", name="重试").click()
        expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("simple", [False, True])
def test_nothing_is_cut_off_at_320_pixels(new_page, enter, simple):
    page = new_page(viewport={"width": 320, "height": 640})
    enter(page, "r154" if simple else "r155")
    page.goto("/app/")
    if simple:
        page.evaluate("localStorage.setItem('huiban.settings', '{\"simple\": true}')")
        page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for path in (
        "family",
        "family/new",
        "bills",
        "bills/look-up",
        "bills/confirm",
        "orders",
        "receipts",
        "notices",
        "notices/settings",
    ):
        page.goto(f"/app/#/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_text("正在加载…")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") == 320, path


def test_an_entry_of_the_menu_that_is_paid_here_leads_to_the_bills_of_its_scheme(
    page, enter, assert_accessible
):
    enter(page, "r174")
    page.goto("/app/#/matters/ZZ8C959A4730")
    expect(page.get_by_role("heading", name="医保缴费（个人）")).to_be_visible()
    expect(page.get_by_text("可以网上办理")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="去缴费").click()
    expect(page.get_by_role("checkbox")).to_have_count(1)
    expect(page.get_by_text("城乡居民基本医疗保险")).to_be_visible()
    page.get_by_text("为其他家人缴费").click()
    expect(page.get_by_role("combobox")).to_have_value("resident_medical")
    # Of another scheme there are none.
    page.goto("/app/#/bills?scheme=resident_pension")
    expect(page.get_by_text("没有查到账单")).to_be_visible()


def test_an_entry_that_is_not_paid_here_offers_no_way_to_bills(page):
    page.goto("/app/#/matters/ZZ4DEA9FF34B")
    expect(page.get_by_role("heading", name="在哪里办")).to_be_visible()
    expect(page.get_by_role("button", name="去缴费")).to_have_count(0)
