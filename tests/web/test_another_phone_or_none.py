"""Another phone, one account instead of two, closing, and proving anew, in a real browser."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from app.core import clock
from app.core.db import unit_of_work
from app.identity import phones
from app.identity.accounts import account_of_phone

pytestmark = pytest.mark.timeout(300)

NARROW = {"width": 320, "height": 640}


def open_from_account(page, name):
    page.goto("/app/#/me")
    page.get_by_role("button", name="账号与安全").click()
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_focused()


def phone_now(page, headers):
    return page.context.request.get("/api/v1/me", headers=headers).json()["phone"]


@pytest.fixture
def narrow(new_page):
    return new_page(viewport=NARROW)


@pytest.fixture
def assert_fits(assert_accessible):
    """Nothing is wrong, and nothing stands out on the narrowest phone."""

    def check(page):
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 320

    return check


@pytest.mark.short
def test_the_phone_is_changed_with_the_codes_of_both(
    narrow, people, enter, code_asked, watch, assert_fits
):
    watch.expect("409|422")
    page, old, new = narrow, people["r195"]["phone"], "19911110195"
    headers = enter(page, "r195")
    open_from_account(page, "更换手机号")
    before = page.get_by_role("group", name="原手机号")
    after = page.get_by_role("group", name="新手机号")
    assert_fits(page)
    after.get_by_label("新手机号").fill("12345")
    after.get_by_role("button", name="获取验证码").click()
    expect(after.get_by_role("alert")).to_contain_text("中国大陆手机号")
    expect(before.get_by_role("alert")).to_have_count(0)
    assert_fits(page)
    before.get_by_label("验证码").fill(code_asked(page, old, before))
    code = code_asked(page, new, after)
    after.get_by_label("验证码").fill("000000" if code != "000000" else "000001")
    page.get_by_role("button", name="更换", exact=True).click()
    expect(after.get_by_role("alert")).to_contain_text("验证码错误或已失效")
    assert phone_now(page, headers).endswith(old[-4:])
    # The other code was right and is used up.
    expect(before.get_by_label("验证码")).to_have_value("")
    page.reload()
    before.get_by_label("验证码").fill(code_asked(page, old, before))
    after.get_by_label("新手机号").fill(new)
    after.get_by_label("验证码").fill(code)
    page.get_by_role("button", name="更换", exact=True).click()
    expect(page.get_by_text("手机号已更换")).to_be_focused()
    expect(page.get_by_text(f"当前手机号 199****{new[-4:]}")).to_be_visible()
    assert_fits(page)


def test_without_the_old_phone_the_face_opens_the_way_and_a_taken_number_is_explained(
    narrow, people, enter, sign_in, new_page, code_asked, watch, assert_fits
):
    watch.expect(r"409|favicon|404|foreign host: .*/faceid/page")
    page, taken = narrow, people["r196"]["phone"]
    enter(new_page(), "r196")
    headers = enter(page, "r197")
    open_from_account(page, "更换手机号")
    page.get_by_role("button", name="原手机号收不到验证码").click()
    expect(page.get_by_text("需先通过人脸核验")).to_be_visible()
    assert_fits(page)
    page.get_by_role("button", name="去人脸核验").click()
    page.get_by_role("button", name="同意并继续").click()
    page.get_by_role("button", name="开始核验").click()
    page.get_by_role("button", name="match").click()
    expect(page.get_by_text("已完成")).to_be_visible()
    page.goto(f"/app/#/face?next={quote('/account/phone?by=face', safe='')}")
    page.get_by_role("button", name="我已完成核验").click()
    expect(page.get_by_text("已通过人脸核验，只需新手机号的验证码")).to_be_visible()
    form = page.get_by_role("group", name="新手机号")
    form.get_by_label("验证码").fill(code_asked(page, taken, form))
    page.get_by_role("button", name="更换", exact=True).click()
    expect(form.get_by_role("alert")).to_contain_text("该手机号已有账号")
    expect(page.get_by_role("link", name="是我的另一个账号？去合并")).to_be_visible()
    assert_fits(page)
    page.get_by_role("checkbox", name="这是新办的号码").check()
    page.get_by_role("button", name="更换", exact=True).click()
    expect(page.get_by_text("手机号已更换")).to_be_focused()
    assert phone_now(page, headers).endswith(taken[-4:])


@pytest.mark.short
def test_an_account_is_closed_once_nothing_is_under_way_and_signing_in_takes_it_back(
    narrow, people, enter, code_asked, watch, assert_fits
):
    watch.expect("409|401")
    page, phone = narrow, people["r198"]["phone"]
    headers = enter(page, "r198")
    page.goto("/app/#/bills")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="去缴费").click()
    page.get_by_role("button", name="提交订单").click()
    expect(page.get_by_role("heading", name="等待付款")).to_be_visible()
    order = page.url.rpartition("/")[2]
    open_from_account(page, "注销账号")
    expect(page.get_by_text("等待 15 个工作日")).to_be_visible()
    assert_fits(page)
    page.get_by_label("验证码").fill(code_asked(page, phone))
    page.get_by_role("button", name="申请注销").click()
    page.get_by_role("dialog").get_by_role("button", name="申请注销").click()
    expect(page.get_by_role("alert")).to_contain_text("以下事项办结后才能注销")
    expect(page.get_by_text("有订单尚未完结")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("order_open")
    assert_fits(page)
    ended = page.context.request.post(f"/api/v1/orders/{order}/cancel", headers=headers)
    assert ended.status == 200, ended.text()
    page.get_by_role("button", name="申请注销").click()
    page.get_by_role("dialog").get_by_role("button", name="申请注销").click()
    expect(page.get_by_role("heading", name="已申请注销")).to_be_focused()
    expect(page.get_by_role("listitem").filter(has_text="会计档案管理办法")).to_be_visible()
    assert_fits(page)
    assert page.evaluate("localStorage['huiban.holder']") is None
    page.get_by_role("button", name="登录并撤回申请").click()
    page.get_by_label("验证码").fill(code_asked(page, phone))
    page.get_by_role("button", name="登录", exact=True).click()
    banner = page.get_by_role("status").filter(has_text="注销申请已撤回")
    expect(banner).to_be_visible()
    expect(page.get_by_text("已实名")).to_be_visible()
    assert_fits(page)
    banner.get_by_role("button", name="知道了").click()
    expect(banner).to_be_hidden()


@pytest.mark.short
def test_another_account_of_mine_is_merged_and_parted_again(
    narrow, new_page, people, enter, sign_in, code_asked, watch, assert_fits
):
    watch.expect("404|409")
    page, mine, other = narrow, people["r199"]["phone"], people["r200"]["phone"]
    headers = enter(page, "r199")
    open_from_account(page, "合并我的另一个账号")
    theirs = page.get_by_role("group", name="另一账号")
    ours = page.get_by_role("group", name="当前账号")
    assert_fits(page)
    theirs.get_by_label("验证码").fill(code_asked(page, other, theirs))
    ours.get_by_label("验证码").fill(code_asked(page, mine, ours))
    page.get_by_role("button", name="合并", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="合并", exact=True).click()
    expect(theirs.get_by_role("alert")).to_contain_text("该手机号没有账号")
    assert_fits(page)
    ended = new_page()
    sign_in(ended, other)
    page.get_by_role("button", name="合并", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="合并", exact=True).click()
    expect(page.get_by_text("已合并。30 天内可以在下面撤销。")).to_be_focused()
    assert_fits(page)
    page.get_by_role("button", name="撤销合并：").click()
    page.get_by_role("dialog").get_by_role("button", name="撤销合并").click()
    expect(page.get_by_text("已撤销合并，两个账号各自恢复原样。")).to_be_focused()
    expect(page.get_by_text("已撤销", exact=True)).to_be_visible()
    (merge,) = page.context.request.get("/api/v1/me/merges", headers=headers).json()["items"]
    assert merge["state"] == "undone"


def test_whoever_must_prove_anew_is_led_to_the_real_name_and_goes_on(
    narrow, new_page, people, enter, code_asked, product, watch, assert_fits
):
    watch.expect("403")
    page, person = narrow, people["r201"]
    enter(new_page(), "r201")
    with unit_of_work(product) as session:
        account = account_of_phone(session, phones.normalise(person["phone"]))
        account.phone_changed_at = clock.now() - timedelta(days=1)
    page.goto("/app/#/sign-in?next=/me")
    page.get_by_label("验证码").fill(code_asked(page, person["phone"]))
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("heading", name="实名认证")).to_be_focused()
    expect(page.get_by_text("请先确认账号是您本人的")).to_be_visible()
    expect(page.get_by_role("button", name="退出登录")).to_be_visible()
    assert_fits(page)
    page.get_by_label("姓名").fill(person["name"])
    page.get_by_label("身份证号").fill(person["document_number"])
    page.get_by_role("button", name="提交认证").click()
    expect(page.get_by_text("已实名")).to_be_visible()
    # What was refused meanwhile was not asked again and again.
    assert len([error for error in watch.errors if "403" in error]) <= 2


def test_in_english_too_all_stands_on_the_narrowest_phone(narrow, people, sign_in, assert_fits):
    sign_in(narrow, people["r202"]["phone"])
    narrow.add_init_script("localStorage['huiban.settings'] = '{\"language\": \"en\"}'")
    for path, title in (
        ("phone", "Change my phone"),
        ("merge", "Merge another account of mine"),
        ("close", "Close my account"),
    ):
        narrow.goto(f"/app/#/account/{path}")
        expect(narrow.get_by_role("heading", name=title)).to_be_focused()
        expect(narrow.get_by_role("button", name="Send a code").first).to_be_visible()
        assert_fits(narrow)
