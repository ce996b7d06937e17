"""Proving the real name, and going on to where a person was on the way."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(300)

SCANS = re.compile("/#/scans$")


def fill(page, name, number):
    page.get_by_label("姓名").fill(name)
    page.get_by_label("身份证号").fill(number)


def test_a_screen_that_needs_the_real_name_asks_for_it_and_then_opens(
    page, people, sign_in, watch, assert_accessible
):
    watch.expect("422")
    person = people["r021"]
    sign_in(page, person["phone"])
    page.goto("/app/#/scans")
    expect(page.get_by_role("heading", name="实名认证")).to_be_focused()
    assert_accessible(page)
    # Somebody else's name: the server's own words.
    fill(page, people["r102"]["name"], person["document_number"])
    page.get_by_role("button", name="提交认证").click()
    expect(page.get_by_role("alert")).to_have_text("姓名与证件号码不一致，请核对后重试。")
    assert_accessible(page)
    # As people copy it: in groups, with a small x.
    number = person["document_number"]
    fill(page, person["name"], f"{number[:6]} {number[6:14]} {number[14:].lower()}")
    expect(page.get_by_role("status").filter(has_text="号码格式正确")).to_be_visible()
    page.get_by_role("button", name="提交认证").click()
    expect(page).to_have_url(SCANS)
    expect(page.get_by_role("heading", name="扫码记录")).to_be_focused()
    # Once proved, never asked again.
    page.reload()
    expect(page.get_by_role("heading", name="扫码记录")).to_be_visible()
    page.goto("/app/#/real-name?next=/scans")
    expect(page).to_have_url(SCANS)


def test_a_mistyped_number_is_noticed_before_it_is_sent(page, people, sign_in, watch):
    person = people["r102"]
    number = person["document_number"]
    sign_in(page, person["phone"])
    page.goto("/app/#/real-name")
    fill(page, person["name"], number[:10])
    expect(page.get_by_text("还差 8 位")).to_be_visible()
    for typed, said in (
        (number[:10] + "1332", "第 7 至 14 位应为出生日期"),
        (number[:16] + "0" + number[17], "号码中有一位不对"),
        (number[:5] + "O" + number[6:], "17 位数字和 1 位数字或 X"),
    ):
        page.get_by_label("身份证号").fill(typed)
        expect(page.get_by_text(said)).to_be_visible()
        page.get_by_role("button", name="提交认证").click()
        expect(page.get_by_label("身份证号")).to_be_focused()
    assert not [path for method, path in watch.calls if path.endswith("/real-name")]


@pytest.mark.short
def test_signing_in_and_the_real_name_lead_on_to_the_screen_that_was_wanted(
    page, people, read_code
):
    person = people["r103"]
    page.goto("/app/#/scans")
    page.get_by_label("手机号").fill(person["phone"])
    page.get_by_role("button", name="获取验证码").click()
    expect(page.get_by_role("status").filter(has_text="验证码已发送")).to_be_visible()
    page.get_by_label("验证码").fill(read_code(person["phone"]))
    page.get_by_role("button", name="登录", exact=True).click()
    fill(page, person["name"], person["document_number"])
    page.get_by_role("button", name="提交认证").click()
    expect(page).to_have_url(SCANS)
    # Signed out here: what needs a person is shown no longer.
    page.evaluate("localStorage.removeItem('huiban.holder')")
    page.reload()
    expect(page).to_have_url(re.compile("/#/sign-in"))


def test_what_was_proved_on_another_device_is_learned(page, people, sign_in, stack):
    person = people["r104"]
    sign_in(page, person["phone"])
    page.goto("/app/#/real-name")
    expect(page.get_by_label("姓名")).to_be_visible()
    headers = {"Origin": stack.url}
    token = page.context.request.post(
        "/api/v1/auth/sessions/refresh", data={}, headers=headers
    ).json()["access_token"]
    body = {key: person[key] for key in ("name", "document_type", "document_number")}
    signed = {"Authorization": f"Bearer {token}"}
    proved = page.context.request.post("/api/v1/me/real-name", data=body, headers=signed)
    assert proved.status == 200, proved.text()
    page.goto("about:blank")
    page.goto("/app/#/scans")
    expect(page.get_by_role("heading", name="扫码记录")).to_be_visible()
