"""Officers at their desk in a real browser: signing in, giving roles by two people, auditing."""

import re

import pytest
from browsing import comes_true
from desks import (
    WIDE,
    agree,
    asked_mandate,
    give_password,
    next_otp,
    officers,
    open_officer,
    sign_in,
)
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def at_desk(new_page):
    """An officer who has signed in, on a screen of their own: `at_desk("admin.system")`."""

    def sit_down(login, **options):
        page = new_page(**{"viewport": WIDE, **options})
        sign_in(page, login)
        return page

    return sit_down


@pytest.mark.short
def test_an_officer_signs_in_with_both_factors_sees_their_roles_and_signs_out(
    new_page, assert_accessible, watch
):
    watch.expect("401")
    known = officers()["admin.security"]
    page = new_page(viewport=WIDE)
    page.goto("/desk/")
    assert_accessible(page)
    give_password(page, known["login"], "Wrong-2027-password")
    expect(page.get_by_role("alert")).to_have_text("用户名或密码错误。")
    give_password(page, known["login"], known["password"])
    page.get_by_label("动态口令").fill("000000")
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("动态口令错误或已失效。")
    assert_accessible(page)
    page.get_by_label("动态口令").fill(next_otp(known["totp_secret"]))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="首页")).to_be_focused()
    expect(page.get_by_text("安全管理员", exact=True)).to_be_visible()
    expect(page.get_by_role("navigation", name="工作").get_by_role("link")).to_have_text(
        ["首页", "人员与角色", "单位", "接入应用", "我的账号"]
    )
    assert_accessible(page)
    # The session outlives the page, and nothing that opens it lies where a script can read it.
    page.reload()
    expect(page.get_by_text("安全管理员", exact=True)).to_be_visible()
    kept = page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})")
    assert known["name"] not in kept
    assert "eyJ" not in kept
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("heading", name="工作人员登录")).to_be_visible()
    page.goto("/desk/#/officers")
    expect(page.get_by_role("heading", name="工作人员登录")).to_be_visible()


def test_an_administrator_is_made_by_two_people_signs_in_first_time_and_finds_it_in_the_audit(
    at_desk, new_page, assert_accessible, watch
):
    watch.expect("403|422")
    system = at_desk("admin.system")
    password = make_officer(system, "audit.two", assert_accessible)
    security = at_desk("admin.security")
    open_officer(security, "audit.two")
    security.get_by_label("角色", exact=True).select_option("audit_admin")
    expect(security.get_by_text("管理员角色由两人授予")).to_be_visible()
    security.get_by_role("button", name="授予角色").click()
    expect(
        security.get_by_role("status").filter(has_text="已提出，待另一名管理员确认。")
    ).to_be_visible()
    assert_accessible(security)
    # Who proposed it cannot confirm it.
    with security.expect_response(re.compile("/confirm$")) as refused:
        security.get_by_role("button", name="确认角色“审计管理员”").click()
    assert refused.value.status == 403
    expect(security.get_by_role("alert")).to_have_text("须由另一名工作人员确认。")
    open_officer(system, "audit.two")
    system.get_by_role("button", name="确认角色“审计管理员”").click()
    expect(system.get_by_role("status").filter(has_text="已确认，角色生效。")).to_be_visible()
    auditor = new_page(viewport=WIDE)
    sign_in_first_time(auditor, "audit.two", password, assert_accessible)
    auditor.get_by_role("link", name="审计").click()
    expect(auditor.get_by_text("已封存")).to_be_visible()
    auditor.get_by_label("事由").select_option("inspection")
    auditor.get_by_label("动作代码").fill("staff.role_confirmed")
    auditor.get_by_role("button", name="查询").click()
    found = auditor.get_by_role("listitem").filter(has_text="staff.role_confirmed")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("audit_admin")
    assert_accessible(auditor)
    # The search itself is in the trail, with its reason.
    auditor.get_by_label("动作代码").fill("audit.search")
    auditor.get_by_role("button", name="查询").click()
    expect(auditor.get_by_role("listitem").filter(has_text="inspection").first).to_be_visible()


def make_officer(page, login, assert_accessible):
    page.get_by_role("link", name="人员与角色").click()
    page.locator("summary").click()
    page.get_by_label("用户名").fill(login)
    page.get_by_label("姓名", exact=True).fill("测试员")
    form = page.locator("form")
    form.get_by_label("单位").select_option("省级平台运行管理处")
    form.get_by_role("button", name="建立人员").click()
    shown = page.get_by_role("region", name=f"{login} 的初始密码")
    expect(shown).to_contain_text("只显示这一次")
    assert_accessible(page)
    return shown.locator("code").inner_text()


def sign_in_first_time(page, login, password, assert_accessible):
    page.goto("/desk/")
    give_password(page, login, password)
    expect(page.get_by_role("img", name="身份验证器二维码")).to_be_visible()
    assert_accessible(page)
    secret = page.locator("code").inner_text()
    page.get_by_label("新密码").fill("short")
    page.get_by_label("动态口令").fill(next_otp(secret))
    with page.expect_response(re.compile("second-factor$")) as answer:
        page.get_by_role("button", name="登录", exact=True).click()
    assert answer.value.status == 422
    told = page.get_by_role("alert").filter(has_text="新密码至少12位")
    expect(told).to_have_count(1)
    expect(told).to_contain_text(re.compile("不同于原密码。 请重新输入动态口令。$"))
    wrong = page.get_by_label("新密码").get_attribute("aria-describedby")
    assert told.get_attribute("id") == wrong
    expect(page.get_by_label("动态口令")).to_have_value("")
    page.get_by_label("新密码").fill("Shenji-2028-er-hao")
    page.get_by_label("动态口令").fill(next_otp(secret))
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_text("审计管理员", exact=True)).to_be_visible()


def test_an_officer_is_locked_out_at_once_and_let_in_again(at_desk, watch):
    watch.expect("401")
    system, city = at_desk("admin.system"), at_desk("wuhan.case.01")
    open_officer(system, "wuhan.case.01")
    system.get_by_role("button", name="锁定").click()
    agree(system, "锁定")
    expect(system.get_by_role("status").filter(has_text="已完成。")).to_be_visible()
    city.get_by_role("link", name="接入应用").click()
    expect(city.get_by_role("heading", name="工作人员登录")).to_be_visible()
    expect(city.get_by_role("status").filter(has_text="您已退出登录")).to_be_visible()
    system.get_by_role("button", name="恢复").click()
    agree(system, "恢复")
    expect(system.get_by_role("button", name="锁定")).to_be_visible()


def test_who_lacks_a_role_is_told_so_whatever_address_they_open(at_desk, watch):
    watch.expect("403")
    page = at_desk("admin.audit")
    page.goto("/desk/#/officers")
    refused = page.get_by_role("alert").filter(has_text="您没有办理此项工作的角色。")
    expect(refused).to_be_visible()
    # Trying again gives nobody a role.
    expect(refused.get_by_role("button")).to_have_count(0)
    expect(page.get_by_text("建立人员")).to_have_count(0)
    refused.get_by_role("link", name="首页").click()
    expect(page.get_by_role("heading", name="首页")).to_be_focused()


def fill_in_a_site(page):
    page.get_by_role("link", name="接入应用").click()
    page.get_by_role("button", name="登记网站").click()
    page.get_by_label("网站名称").fill("某市图书馆")
    page.get_by_label("所属部门").fill("某市文化和旅游局")
    page.get_by_label("回调地址").fill("ftp://library.example/back")
    page.get_by_role("button", name="提交审批").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    page.get_by_label("回调地址").fill("https://library.example/back")


def propose(page):
    """Save what was filled in; nobody approves what they proposed."""
    page.get_by_role("button", name="提交审批").click()
    expect(page.get_by_text("已提交，待另一人批准后生效。")).to_be_visible()
    waiting = page.get_by_role("listitem").filter(has_text="待另一人批准")
    expect(waiting).to_have_count(1)
    expect(waiting.get_by_role("term").filter(has_text="所属部门")).to_have_count(1)
    assert not re.search(
        "redirect_uris|auth_method|client_secret_basic|openid", waiting.inner_text()
    )
    expect(waiting.get_by_role("button", name="批准", exact=True)).to_have_count(0)


def approve(page):
    """As the second person, on a page that was left open."""
    page.reload()
    page.get_by_role("link", name="接入应用").click()
    waiting = page.get_by_role("listitem").filter(has_text="待另一人批准")
    waiting.get_by_role("button", name="批准", exact=True).click()
    expect(page.get_by_text("已批准。")).to_be_visible()


def test_one_registers_a_site_and_changes_it_another_approves_one_alone_ends_it(
    at_desk, assert_accessible, watch
):
    watch.expect("422")
    page, second = at_desk("wuhan.case.01"), at_desk("admin.security")
    fill_in_a_site(page)
    assert_accessible(page)
    propose(page)
    approve(second)
    assert_accessible(second)
    page.reload()
    page.get_by_role("link", name="接入应用").click()
    page.get_by_role("button", name="领取密钥").click()
    secret = page.get_by_role("region", name="应用密钥").locator("code")
    expect(secret).to_have_text(re.compile("^hbs_"))
    expect(page.get_by_role("button", name="领取密钥")).to_have_count(0)
    page.get_by_role("button", name="修改“某市图书馆”").click()
    page.get_by_label("所属部门").fill("某市图书馆")
    propose(page)
    approve(second)
    expect(second.get_by_role("heading", name="某市图书馆 · 某市图书馆")).to_be_visible()
    second.get_by_role("button", name="停用“某市图书馆”").click()
    agree(second, "停用")
    expect(second.get_by_text("已停用", exact=True)).to_be_visible()
    assert_accessible(second)


def test_nobody_stays_signed_in_at_a_desk_they_left(at_desk, assert_accessible):
    page = at_desk("huangpi.village.01")
    page.clock.install()
    page.reload()
    expect(page.get_by_text("村级代办员", exact=True)).to_be_visible()
    page.clock.fast_forward("25:20")
    warning = page.get_by_role("dialog", name="即将自动退出")
    expect(warning).to_be_visible()
    assert_accessible(page)
    agree(page, "继续工作")
    comes_true(page, "Date.now() - Number(localStorage['huiban.desk.called']) < 60_000")
    expect(warning).to_have_count(0)
    page.clock.fast_forward("25:20")
    expect(warning).to_be_visible()
    page.clock.fast_forward("05:00")
    expect(page.get_by_role("heading", name="工作人员登录")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="您已退出登录")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1024])
def test_the_desk_can_be_worked_on_a_narrow_screen_too(at_desk, width, assert_accessible):
    login = {320: "admin.audit", 1024: "wuchang.window.01"}[width]
    page = at_desk(login, viewport={"width": width, "height": 700})
    for link in page.get_by_role("navigation", name="工作").get_by_role("link").all():
        link.click()
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert_accessible(page)
    sides = page.evaluate(
        "[...document.querySelectorAll('nav, main')].map((it) => it.getBoundingClientRect().left)"
    )
    assert (sides[0] < sides[1]) == (width >= 1024)


def test_the_desk_speaks_english_too(at_desk, watch):
    watch.expect("404")
    page = at_desk("wuchang.window.01")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_text("Window officer", exact=True)).to_be_visible()
    page.get_by_role("link", name="Confirm a mandate").click()
    page.get_by_label("Number of the mandate").fill("SQ0000")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile("[a-z]{3}"))


def test_somebody_without_an_account_agrees_to_a_mandate_before_the_village_agent_and_ends_it(
    at_desk, new_page, people, enter, assert_accessible, watch
):
    watch.expect("404|409")
    father, phone = people["p011"], new_page()
    number = asked_mandate(phone, enter(phone, "r012"), father)
    elsewhere = at_desk("wuchang.window.01")
    elsewhere.get_by_role("link", name="确认授权").click()
    elsewhere.get_by_label("授权编号").fill(number)
    elsewhere.get_by_role("button", name="查找").click()
    expect(elsewhere.get_by_text("请到本人户籍所在地窗口办理。")).to_be_focused()
    page = at_desk("huangpi.village.01")
    page.get_by_role("link", name="确认授权").click()
    page.get_by_label("授权编号").fill(number.lower())
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_text("等待确认")).to_be_visible()
    # No more than needed to explain it.
    expect(page.get_by_text(father["name"])).to_have_count(0)
    page.get_by_label("证件号码").fill(people["p012"]["document_number"])
    page.get_by_role("button", name="本人同意，确认").click()
    agree(page, "本人同意，确认")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("证件号码").fill(father["document_number"])
    assert_accessible(page)
    page.get_by_role("button", name="本人同意，确认").click()
    agree(page, "本人同意，确认")
    expect(page.get_by_text("已确认，立即生效。")).to_be_visible()
    expect(page.get_by_text("生效中")).to_be_visible()
    assert father["document_number"] not in page.content()
    page.get_by_label("证件号码").fill(father["document_number"])
    page.get_by_role("button", name="本人要求，结束授权").click()
    assert_accessible(page)
    agree(page, "本人要求，结束授权")
    expect(page.get_by_text("已结束，立即失效。")).to_be_visible()
    expect(page.get_by_text("已解除")).to_be_visible()
    expect(page.get_by_label("证件号码")).to_have_count(0)
    assert father["document_number"] not in page.content()
