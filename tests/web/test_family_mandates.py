"""Asking for a mandate, agreeing, paying by it, ending it: two people on two phones."""

import re

import pytest
from browsing import arrived
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(300)

CASHIER = r"foreign host: .*/checkmweb"
PROVIDER = r"foreign host: .*/faceid/page"


def ask_for_mandate(page, person, *scopes):
    page.goto("/app/#/family/new")
    page.get_by_label("家人姓名").fill(person["name"])
    number = person["document_number"]
    # As it is copied from a message: in groups.
    page.get_by_label("身份证号").fill(f"{number[:6]} {number[6:14]} {number[14:].lower()}")
    for scope in scopes:
        page.get_by_role("checkbox", name=scope).check()
    page.get_by_role("button", name="发送请求").dblclick()
    expect(page.get_by_role("heading", name="请求已发出")).to_be_focused()


def decide(page, what, sure=None):
    page.get_by_role("button", name=what, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=sure or what, exact=True).click()


def agree_on_second_thought(page, assert_accessible):
    """At first thought better of it: then nothing has happened."""
    page.goto("/app/#/family")
    expect(page.get_by_role("heading", name="等您确认")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="同意", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("查账单和缴费、代为展示健康码")
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="同意", exact=True)).to_be_focused()
    decide(page, "同意")
    expect(page.get_by_text(re.compile("已同意 .* 为您代办"))).to_be_focused()
    expect(page.get_by_role("heading", name="谁可以为我办事")).to_be_visible()


def pay_for_both(page):
    """Her own bill and her mother's: one order."""
    page.reload()
    page.get_by_role("button", name="为TA缴费").click()
    expect(page.get_by_role("radio", name="本人")).not_to_be_checked()
    page.get_by_role("checkbox").check()
    page.get_by_role("radio", name="本人").check()
    page.get_by_role("checkbox").check()
    expect(page.get_by_role("status").filter(has_text="已选 2 笔")).to_contain_text("¥800.00")
    page.get_by_role("button", name="去缴费").click()
    page.get_by_role("button", name="提交订单").click()
    page.get_by_role("button", name="微信支付").click()
    page.get_by_role("button", name="支付 · Pay").click()
    expect(page.get_by_role("heading", name="缴费成功")).to_be_visible(timeout=20_000)


def find_proof_and_news(page):
    """Whom it was paid for has a proof of her own, and is told who paid."""
    page.goto("/app/#/receipts")
    expect(page.get_by_text("参保凭证 · 为我缴费")).to_be_visible()
    expect(page.get_by_text("付款凭证 · 我付款")).to_have_count(0)
    arrived(page, "有人已为您缴费").click()
    expect(page.get_by_text("已为您缴纳2027年度城乡居民基本医疗保险")).to_be_visible()


@pytest.mark.short
def test_a_mother_agrees_and_her_daughter_pays_for_both(
    new_page, people, enter, watch, assert_accessible
):
    watch.expect(CASHIER)
    mother, daughter = new_page(), new_page()
    enter(daughter, "r144")
    enter(mother, "p002")
    ask_for_mandate(daughter, people["p002"], "代为展示健康码")
    assert_accessible(daughter)
    daughter.get_by_role("button", name="完成").click()
    expect(daughter.get_by_text("等待确认")).to_have_count(1)
    assert_accessible(daughter)
    agree_on_second_thought(mother, assert_accessible)
    pay_for_both(daughter)
    find_proof_and_news(mother)


def test_a_request_can_be_declined_withdrawn_and_a_mandate_ended(new_page, people, enter):
    mother, son = new_page(), new_page()
    enter(son, "r145")
    enter(mother, "p004")
    person = people["p004"]
    ask_for_mandate(son, person)
    mother.goto("/app/#/family")
    decide(mother, "不同意")
    expect(mother.get_by_text("已拒绝该请求。")).to_be_visible()
    son.goto("/app/#/family")
    son.get_by_text("已结束的授权").click()
    expect(son.get_by_text("对方没有同意这项请求。您不需要再做什么。")).to_be_visible()
    ask_for_mandate(son, person)
    son.goto("/app/#/family")
    decide(son, "撤回请求")
    expect(son.get_by_text("请求已撤回。")).to_be_visible()
    expect(son.get_by_role("button", name="撤回请求")).to_have_count(0)
    son.get_by_text("已结束的授权").click()
    expect(son.get_by_text("您取消了这项请求，它没有生效过。")).to_be_visible()
    ask_for_mandate(son, person)
    mother.reload()
    decide(mother, "同意")
    decide(mother, "解除授权")
    expect(mother.get_by_text("授权已解除。")).to_be_visible()
    # It ended at once, on the other phone too.
    son.goto("/app/#/family")
    expect(son.get_by_text("还没有家人授权给您")).to_be_visible()
    son.get_by_text("已结束的授权").click()
    expect(son.get_by_text("对方解除了这项授权。您不需要再做什么。")).to_be_visible()


def test_a_person_without_an_account_is_asked_alike_and_errors_stand_at_their_fields(
    page, people, enter, watch, assert_accessible
):
    watch.expect("422|409")
    enter(page, "r151")
    father = people["p003"]
    assert father["phone"] is None
    page.goto("/app/#/family/new")
    page.get_by_role("button", name="发送请求").click()
    expect(page.get_by_label("家人姓名")).to_be_focused()
    expect(page.get_by_text("请填写姓名。")).to_be_visible()
    page.get_by_label("家人姓名").fill(father["name"])
    page.get_by_label("身份证号").fill(father["document_number"][:-3])
    page.get_by_role("button", name="发送请求").click()
    expect(page.get_by_text("还差 3 位，请填完整。")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("身份证号").fill(people["r151"]["document_number"])
    page.get_by_role("button", name="发送请求").click()
    expect(page.get_by_text("不能为自己设立授权")).to_be_visible()
    ask_for_mandate(page, father)
    expect(page.get_by_text("我们不会告诉您对方是否已有账号")).to_be_visible()
    expect(page.get_by_text("家人没有账号的")).to_be_visible()
    # Asked already: in the server's words, and nothing is lost.
    page.goto("about:blank")
    page.goto("/app/#/family/new")
    page.get_by_label("家人姓名").fill(father["name"])
    page.get_by_label("身份证号").fill(father["document_number"])
    page.get_by_role("button", name="发送请求").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("家人姓名")).to_have_value(father["name"])


@pytest.mark.short
def test_a_father_without_an_account_confirms_by_face_on_his_daughters_phone(
    new_page, people, enter, watch, assert_accessible
):
    watch.expect(PROVIDER)
    watch.expect("403|404|409")
    # The stand-in's page has no icon.
    watch.expect("favicon")
    page = new_page(viewport={"width": 320, "height": 640})
    enter(page, "r013")
    father = people["p013"]
    assert father["phone"] is None
    ask_for_mandate(page, father)
    open_face_link(page, assert_accessible)
    agree_to_the_check(page, assert_accessible)
    # Her own face confirms nothing; then it is his.
    show_face(page, "other_face")
    expect(page.get_by_role("alert")).to_contain_text("没有确认是本人")
    agree_to_the_check(page, assert_accessible)
    show_face(page, "match")
    expect(page.get_by_text("现在可以为您代办")).to_be_focused()
    assert_accessible(page)
    page.go_back()
    page.goto("/app/#/family")
    expect(page.get_by_role("button", name="为TA缴费")).to_be_visible()
    page.goto("/app/#/confirm-by-face/" + "A" * 43)
    expect(page.get_by_text("链接无效或已过期")).to_be_visible()
    assert_accessible(page)


def test_who_is_asked_on_another_phone_can_say_no(new_page, people, enter, assert_accessible):
    daughter, other = new_page(), new_page(viewport={"width": 320, "height": 640})
    enter(daughter, "r020")
    ask_for_mandate(daughter, people["p019"])
    daughter.goto("/app/#/family")
    daughter.get_by_role("button", name="让 TA 本人刷脸确认").click()
    with daughter.expect_response("**/face-link") as told:
        daughter.get_by_role("button", name="用另一台手机扫码确认").click()
    expect(daughter.get_by_role("img", name="刷脸确认页面的二维码")).to_be_visible()
    assert_accessible(daughter)
    other.goto(told.value.json()["url"])
    decide(other, "不同意")
    expect(other.get_by_text("已拒绝，这项请求已经结束")).to_be_focused()
    daughter.goto("/app/#/family")
    daughter.get_by_text("已结束的授权").click()
    expect(daughter.get_by_text("对方没有同意这项请求。")).to_be_visible()


def open_face_link(page, assert_accessible):
    page.goto("/app/#/family")
    page.get_by_role("button", name="让 TA 本人刷脸确认").click()
    expect(page.get_by_text("您不能代替")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="在这台手机上确认").click()
    expect(page.get_by_text("请您（")).to_be_visible()
    # The token is not left in the address.
    assert page.url.endswith("/app/#/confirm-by-face")
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def agree_to_the_check(page, assert_accessible):
    expect(page.get_by_role("listitem").filter(has_text="查账单和缴费")).to_be_visible()
    begin = page.get_by_role("button", name="同意授权，开始刷脸")
    expect(begin).to_be_disabled()
    assert_accessible(page)
    page.get_by_role("checkbox").check()
    begin.click()


def show_face(page, found):
    """At the provider, and back."""
    page.get_by_role("button", name=found).click()
    expect(page.get_by_text("已完成")).to_be_visible()
    page.goto("/app/#/confirm-by-face")
    page.get_by_role("button", name="我已完成刷脸").click()
