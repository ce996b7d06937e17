"""The daughter looks up her father, orders, pays at the cashier, comes back and sees it settled."""

import re

import pytest
from browsing import arrived
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(300)

#: The cashier is the provider's, not ours.
CASHIER = r"foreign host: .*/checkmweb"
ORDER = re.compile(r"/#/orders/[0-9a-f-]{36}$")
BACK = re.compile(r"/#/orders/[0-9a-f-]{36}\?back=1$")


@pytest.fixture
def orders_of(watch, page):
    """The orders of whoever is signed in, as the API tells them."""

    def ask(headers):
        answer = page.context.request.get("/api/v1/orders", headers=headers)
        assert answer.status == 200
        return answer.json()["items"]

    return ask


def look_up(page, person):
    page.goto("/app/#/bills/look-up")
    page.get_by_label("家人姓名").fill(person["name"])
    page.get_by_label("身份证号").fill(person["document_number"])
    page.get_by_role("button", name="查询应缴费用").click()


def choose_the_bill_of(page, person, assert_accessible):
    page.goto("/app/#/bills")
    expect(page.get_by_role("checkbox")).to_have_count(1)
    assert_accessible(page)
    page.get_by_role("button", name="为其他家人缴费").click()
    expect(page.get_by_role("heading", name="为家人缴费")).to_be_focused()
    assert_accessible(page)
    look_up(page, person)
    expect(page.get_by_role("heading", name="查到 1 笔可缴费用")).to_be_focused()
    # No more than the payer has to know.
    shown = page.get_by_role("main").inner_text()
    assert person["name"] not in shown
    assert person["document_number"] not in shown
    page.get_by_role("checkbox").check()
    assert_accessible(page)
    page.get_by_role("button", name="去缴费").click()
    expect(page.get_by_role("heading", name="确认订单")).to_be_focused()
    expect(page.get_by_text("¥400.00")).to_have_count(2)
    assert_accessible(page)


def place_one_order(page, assert_accessible):
    """What was chosen outlasts a reload; pressing twice places one order."""
    page.reload()
    page.get_by_role("button", name="提交订单").dblclick()
    expect(page).to_have_url(ORDER)
    expect(page.get_by_role("heading", name="等待付款")).to_be_visible()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^(30:00|29:\d\d)$"))
    assert_accessible(page)


def pay_once(page, assert_accessible):
    page.get_by_role("button", name="微信支付").dblclick()
    expect(page.get_by_text("演示收银台")).to_be_visible()
    # The browser's own way back, and again to the cashier: it is the same payment.
    page.go_back()
    page.get_by_role("button", name="微信支付").click()
    page.get_by_role("button", name="支付 · Pay").click()
    expect(page).to_have_url(BACK)
    expect(page.get_by_role("heading", name="缴费成功")).to_be_visible(timeout=20_000)
    assert_accessible(page)


def read_the_news(page, assert_accessible):
    """The news comes with its reason."""
    news = arrived(page, "代缴已入账")
    unread = page.get_by_role("link", name=re.compile("消息.*条未读"))
    expect(unread).to_be_visible()
    assert_accessible(page)
    news.click()
    expect(page.get_by_role("heading", name="为什么收到这条消息")).to_be_visible()
    expect(page.get_by_text("部门已确认收到订单")).to_be_visible()
    expect(news.get_by_text("未读")).to_have_count(0)
    assert_accessible(page)
    # It says that it opens, and leads on to what it is about.
    expect(news).to_have_accessible_name(re.compile("代缴已入账.*查看$"))
    page.get_by_role("link", name="查看订单").click()
    expect(page.get_by_role("heading", name="缴费成功")).to_be_visible()
    page.go_back()
    news.click()
    page.get_by_role("link", name="查看办理方式").click()
    expect(page.get_by_role("heading", name="办事指南")).to_be_visible()


@pytest.mark.short
def test_a_daughter_pays_for_her_father_who_has_no_account(
    page, people, enter, orders_of, watch, assert_accessible
):
    watch.expect(CASHIER)
    father = people["p001"]
    assert father["phone"] is None
    me = enter(page, "r141")
    choose_the_bill_of(page, father, assert_accessible)
    place_one_order(page, assert_accessible)
    (placed,) = orders_of(me)
    pay_once(page, assert_accessible)
    (settled,) = orders_of(me)
    assert settled["id"] == placed["id"]
    assert settled["status"] == "settled"
    assert [each["status"] for each in settled["attempts"]] == ["paid"]
    page.get_by_role("button", name="查看缴费凭证").click()
    expect(page.get_by_text("付款凭证 · 我付款")).to_be_visible()
    assert_accessible(page)
    # Paid means paid: nobody finds it again.
    look_up(page, father)
    expect(page.get_by_role("heading", name="没有可以缴纳的费用")).to_be_visible()
    read_the_news(page, assert_accessible)
