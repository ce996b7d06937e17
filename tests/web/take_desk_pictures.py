"""`make pictures`: the officers' desk. Not part of `make test`."""

import pytest
from desks import WIDE, asked_mandate, give_password, open_officer, sign_in
from pictures import FOLDER, take_at_rest
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(600)


def test_administrators_at_their_desks(new_page):
    page = new_page(viewport=WIDE)
    page.goto("/desk/")
    take_at_rest(page, "desk/sign-in")
    sign_in(page, "admin.system")
    take_at_rest(page, "desk/home")
    page.get_by_role("link", name="单位").click()
    expect(page.get_by_role("listitem").first).to_be_visible()
    take_at_rest(page, "desk/units")
    page.get_by_role("link", name="人员与角色").click()
    page.locator("summary").click()
    page.get_by_label("用户名").fill("audit.second")
    page.get_by_label("姓名", exact=True).fill("许静")
    form = page.locator("form")
    form.get_by_label("单位").select_option("省级平台运行管理处")
    form.get_by_role("button", name="建立人员").click()
    password = page.get_by_role("region", name="初始密码").locator("code").inner_text()
    page.reload()
    expect(page.get_by_role("link", name="audit.second")).to_be_visible()
    take_at_rest(page, "desk/officers")
    security = new_page(viewport=WIDE)
    sign_in(security, "admin.security")
    open_officer(security, "audit.second")
    security.get_by_label("角色", exact=True).select_option("audit_admin")
    security.get_by_role("button", name="授予角色").click()
    expect(security.get_by_role("status").filter(has_text="已提出")).to_be_visible()
    take_at_rest(security, "desk/roles")
    first = new_page(viewport={**WIDE, "height": 1000})
    first.goto("/desk/")
    give_password(first, "audit.second", password)
    expect(first.get_by_role("img", name="身份验证器二维码")).to_be_visible()
    take_at_rest(first, "desk/first-sign-in")
    assert (FOLDER / "desk" / "first-sign-in.png").exists()


def test_auditing_and_an_empty_chair(new_page):
    page = new_page(viewport={**WIDE, "height": 1000})
    sign_in(page, "admin.audit")
    page.get_by_role("link", name="审计").click()
    page.get_by_label("事由").select_option("inspection")
    page.get_by_role("button", name="查询").click()
    expect(page.get_by_text("查询结果")).to_be_visible()
    take_at_rest(page, "desk/audit")
    page.set_viewport_size({"width": 320, "height": 700})
    page.evaluate("scrollTo(0, 0)")
    take_at_rest(page, "desk/narrow")
    page.set_viewport_size(WIDE)
    page.clock.install()
    page.goto("/desk/#/")
    page.reload()
    expect(page.get_by_text("审计管理员", exact=True)).to_be_visible()
    page.clock.fast_forward("25:20")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.clock.resume()
    take_at_rest(page, "desk/idle")
    assert (FOLDER / "desk" / "idle.png").exists()


def test_a_site_that_waits_for_a_second_person(new_page):
    page = new_page(viewport=WIDE)
    sign_in(page, "wuhan.case.01")
    page.get_by_role("link", name="接入应用").click()
    page.get_by_role("button", name="登记网站").click()
    page.get_by_label("网站名称").fill("某市图书馆")
    page.get_by_label("所属部门").fill("某市文化和旅游局")
    page.get_by_label("回调地址").fill("https://library.example/back")
    page.get_by_role("button", name="提交审批").click()
    expect(page.get_by_text("已提交，待另一人批准后生效。")).to_be_visible()
    second = new_page(viewport=WIDE)
    sign_in(second, "admin.security")
    second.get_by_role("link", name="接入应用").click()
    expect(second.get_by_role("button", name="批准", exact=True)).to_be_visible()
    take_at_rest(second, "desk/clients")
    assert (FOLDER / "desk" / "clients.png").exists()


def test_who_scans_at_a_venue(new_page):
    page = new_page(viewport={**WIDE, "height": 1000})
    sign_in(page, "wuchang.window.01")
    page.get_by_role("link", name="场所与扫码人员").click()
    page.get_by_label("场所名称").fill("楚风里")
    page.keyboard.press("Enter")
    expect(page.get_by_text("临江门")).to_have_count(0)
    page.get_by_role("button", name="楚风里购物中心的扫码人员").click()
    expect(page.get_by_role("button", name="移除 ").first).to_be_visible()
    take_at_rest(page, "desk/venues")
    assert (FOLDER / "desk" / "venues.png").exists()


def test_a_mandate_at_the_window(new_page, people, enter):
    son = new_page()
    number = asked_mandate(son, enter(son, "r012"), people["p011"])
    page = new_page(viewport=WIDE)
    sign_in(page, "huangpi.village.01")
    page.get_by_role("link", name="确认授权").click()
    page.get_by_label("授权编号").fill(number)
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_label("证件号码")).to_be_visible()
    take_at_rest(page, "desk/mandate")
    assert (FOLDER / "desk" / "mandate.png").exists()
