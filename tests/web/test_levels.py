"""Every kind of document, the face check, and being led to a higher level and back."""

import pytest
from playwright.sync_api import expect

from scripts.environment import read_world

pytestmark = pytest.mark.timeout(300)

BELIEVED = "localStorage['huiban.holder'].replace('\"phone\"', '\"real_name\"')"
PROVIDER = r"foreign host: .*/faceid/page"


def test_whoever_has_another_document_proves_the_real_name_with_it(
    new_page, sign_in, assert_accessible
):
    holder = next(each for each in read_world()["other_documents"] if each["key"] == "x001")
    page = new_page(viewport={"width": 320, "height": 640})
    sign_in(page, holder["phone"])
    page.goto("/app/#/real-name?next=/me")
    page.get_by_label("证件类型").select_option("hk_macau_residence_permit")
    page.get_by_label("姓名").fill(holder["name"])
    page.get_by_label("证件号码").fill(holder["document_number"][:17])
    expect(page.get_by_text("号码应为：18 位，以 81 或 82 开头")).to_be_visible()
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.get_by_label("证件号码").fill(holder["document_number"])
    page.get_by_role("button", name="提交认证").click()
    expect(page.get_by_text("已实名")).to_be_visible()


@pytest.mark.short
def test_a_face_is_checked_after_consent_and_counts_for_a_while(
    new_page, enter, watch, assert_accessible
):
    watch.expect(PROVIDER)
    watch.expect("409")
    # The stand-in's page has no icon.
    watch.expect("favicon|404")
    page = new_page(viewport={"width": 320, "height": 640})
    enter(page, "r115")
    page.goto("/app/#/face?next=/me")
    expect(page.get_by_text("我们只得到结果，不保存图像")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="同意并继续").click()
    page.get_by_role("button", name="开始核验").click()
    expect(page.get_by_role("heading", name="人脸核身（演示）")).to_be_visible()
    # Back too early: it goes on.
    page.goto("/app/#/face?next=/me")
    page.get_by_role("button", name="我已完成核验").click()
    expect(page.get_by_role("alert")).to_contain_text("尚未完成")
    assert_accessible(page)
    page.get_by_role("button", name="重新打开核验页面").click()
    page.get_by_role("button", name="match").click()
    expect(page.get_by_text("已完成")).to_be_visible()
    page.goto("/app/#/face?next=/me")
    page.get_by_role("button", name="我已完成核验").click()
    expect(page.get_by_text("已人脸核验")).to_be_visible()
    page.goto("/app/#/face?next=/me")
    expect(page.get_by_text("有效至")).to_be_visible()
    assert_accessible(page)


def test_a_call_that_wants_a_higher_level_leads_there_and_back(page, people, sign_in, watch):
    watch.expect("403")
    person = people["r116"]
    sign_in(page, person["phone"])
    # This device believes what is no longer so.
    page.goto("/app/#/me")
    expect(page.get_by_text("已验证手机号")).to_be_visible()
    page.evaluate("localStorage['huiban.holder'] = " + BELIEVED)
    page.goto("about:blank")
    page.goto("/app/#/receipts")
    expect(page.get_by_role("heading", name="实名认证")).to_be_focused()
    page.get_by_label("姓名").fill(person["name"])
    page.get_by_label("身份证号").fill(person["document_number"])
    page.get_by_role("button", name="提交认证").click()
    expect(page.get_by_role("heading", name="缴费凭证")).to_be_focused()
