"""Users of WeChat, accounts at departments and reissued numbers on the account's screens."""

import pytest
from other_accounts import hand_over, reissue, sign_in_from_wechat
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def narrow(new_page):
    return new_page(viewport={"width": 320, "height": 640})


@pytest.fixture
def assert_fits(assert_accessible):
    """Nothing is wrong, and nothing stands out on the narrowest phone."""

    def check(page):
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 320

    return check


def open_from_account(page, name):
    page.goto("/app/#/me")
    page.get_by_role("button", name="账号与安全").click()
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_focused()


@pytest.mark.short
def test_wechat_users_of_an_account_are_seen_and_ended(
    narrow, people, enter, stack, code_asked, watch, assert_fits
):
    watch.expect("422")
    page, phone = narrow, people["r230"]["phone"]
    enter(page, "r230")
    open_from_account(page, "微信和支付宝登录")
    expect(page.get_by_text("没有绑定微信或支付宝")).to_be_visible()
    assert_fits(page)
    sign_in_from_wechat(stack, phone)
    page.reload()
    expect(page.get_by_role("heading", name="微信小程序")).to_be_visible()
    remove = page.get_by_role("button", name="解除微信小程序登录")
    expect(remove).to_be_disabled()
    assert_fits(page)
    code = code_asked(page, phone)
    page.get_by_label("验证码").fill("000000" if code != "000000" else "000001")
    remove.click()
    page.get_by_role("dialog").get_by_role("button", name="解除").click()
    expect(page.get_by_role("alert").filter(has_text="验证码错误").first).to_be_visible()
    page.get_by_label("验证码").fill(code)
    remove.click()
    page.get_by_role("dialog").get_by_role("button", name="解除").click()
    expect(page.get_by_text("已解除微信小程序登录，相关设备已退出。")).to_be_focused()
    expect(page.get_by_text("没有绑定微信或支付宝")).to_be_visible()


def test_an_account_at_a_department_is_unlinked_and_linked_again(
    narrow, people, enter, product, tmp_path, assert_fits
):
    page = narrow
    enter(page, "r231")
    open_from_account(page, "部门网站的老账号")
    expect(page.get_by_text("没有关联的部门账号")).to_be_visible()
    assert_fits(page)
    hand_over(product, tmp_path / "users.csv", people["r231"])
    page.reload()
    expect(page.get_by_role("heading", name="武汉公积金网")).to_be_visible()
    expect(page.get_by_text("G********01")).to_be_visible()
    assert_fits(page)
    page.get_by_role("button", name="解除关联：武汉公积金网").click()
    page.get_by_role("dialog").get_by_role("button", name="解除关联").click()
    expect(page.get_by_text("已解除与武汉公积金网的关联。")).to_be_focused()
    assert_fits(page)
    page.get_by_role("button", name="重新关联：武汉公积金网").click()
    expect(page.get_by_text("已重新关联武汉公积金网。")).to_be_focused()
    expect(page.get_by_role("button", name="解除关联：武汉公积金网")).to_be_visible()


@pytest.mark.short
def test_whoever_got_a_reissued_number_leaves_the_strangers_account_for_one_of_their_own(
    narrow, new_page, people, enter, code_asked, product, watch, assert_fits
):
    watch.expect("403|401")
    page, newcomer, phone = narrow, people["r233"], people["r232"]["phone"]
    headers = enter(new_page(), "r232")
    reissue(product, phone)
    page.goto("/app/#/sign-in?next=/me")
    page.get_by_label("验证码").fill(code_asked(page, phone))
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_role("checkbox", name="这个号码是新换到手的").check()
    expect(page.get_by_text("我们为您开立自己的账号")).to_be_visible()
    assert_fits(page)
    page.get_by_label("姓名").fill(newcomer["name"])
    page.get_by_label("身份证号").fill(newcomer["document_number"])
    form = page.get_by_role("group", name="本机号码")
    form.get_by_label("验证码").fill(code_asked(page, phone, form))
    page.get_by_role("button", name="提交认证").click()
    expect(page.get_by_text("已实名")).to_be_visible()
    expect(page.get_by_text(f"{newcomer['name'][0]}*").first).to_be_visible()
    former = page.context.request.get("/api/v1/me", headers=headers)
    assert former.status == 401, former.text()


def test_from_inside_an_account_too_the_number_can_be_declared_new(
    narrow, people, enter, code_asked, watch, assert_fits
):
    watch.expect("409")
    page, person = narrow, people["r234"]
    enter(page, "r234")
    page.goto("/app/#/account")
    page.get_by_role("button", name="这个号码是新换到手的").click()
    expect(page.get_by_role("checkbox", name="这个号码是新换到手的")).to_be_checked()
    assert_fits(page)
    page.get_by_label("姓名").fill(person["name"])
    page.get_by_label("身份证号").fill(person["document_number"])
    form = page.get_by_role("group", name="本机号码")
    form.get_by_label("验证码").fill(code_asked(page, person["phone"], form))
    page.get_by_role("button", name="提交认证").click()
    # It is nobody else's.
    expect(page.get_by_role("alert").filter(has_text="无需声明")).to_be_visible()
    assert_fits(page)
