"""Password, connected sites, consents, who used my data, and a copy of it, in a real browser."""

import zipfile

import pytest
from playwright.sync_api import expect

from app.core.db import unit_of_work
from app.core.types import SYSTEM
from app.identity import phones
from app.identity.accounts import account_of_phone
from app.identity.openid import consents
from app.identity.openid.registration import NewClient, register_client

pytestmark = pytest.mark.timeout(300)

PASSWORD = "长江大桥 57 孔"


def open_from_account(page, name, heading=None):
    page.goto("/app/#/me")
    page.get_by_role("button", name="账号与安全").click()
    expect(page.get_by_role("heading", name="账号与安全")).to_be_focused()
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("heading", name=heading or name, level=1)).to_be_focused()


def sign_in_by_password(new_page, phone, assert_accessible):
    """On another phone, after a mistake."""
    other = new_page(viewport={"width": 320, "height": 640})
    other.goto("/app/#/sign-in")
    other.get_by_label("手机号").fill(phone)
    other.get_by_role("button", name="用密码登录").click()
    expect(other.get_by_label("手机号")).to_have_value(phone)
    other.get_by_label("密码", exact=True).fill("不是这个密码")
    assert_accessible(other)
    other.get_by_role("button", name="登录", exact=True).click()
    expect(other.get_by_role("alert")).to_contain_text("手机号或密码不正确")
    other.get_by_label("密码", exact=True).fill(PASSWORD)
    other.get_by_role("button", name="登录", exact=True).click()
    expect(other.get_by_role("heading", name="高频事项")).to_be_visible()


@pytest.mark.short
def test_a_password_is_set_by_code_used_to_sign_in_and_removed(
    new_page, people, sign_in, code_asked, watch, assert_accessible
):
    watch.expect("401|422")
    phone = people["r023"]["phone"]
    page = new_page()
    sign_in(page, phone)
    open_from_account(page, "登录密码")
    assert_accessible(page)
    page.get_by_label("验证码").fill(code_asked(page, phone))
    page.get_by_label("新密码").fill("12345678")
    page.get_by_role("button", name="设置密码").click()
    expect(page.get_by_role("alert").filter(has_text="常见密码").first).to_be_visible()
    assert_accessible(page)
    page.get_by_label("新密码").fill(PASSWORD)
    page.get_by_role("button", name="显示").click()
    expect(page.get_by_label("新密码")).to_have_attribute("type", "text")
    page.get_by_role("button", name="设置密码").click()
    expect(page.get_by_text("密码已保存")).to_be_focused()
    assert_accessible(page)
    sign_in_by_password(new_page, phone, assert_accessible)
    # The old password proves who changes it.
    page.get_by_label("原密码").fill("错误的原密码")
    page.get_by_label("新密码").fill(PASSWORD + "！")
    page.get_by_role("button", name="修改密码").click()
    expect(page.get_by_role("alert").filter(has_text="原密码不正确").first).to_be_visible()
    page.get_by_label("原密码").fill(PASSWORD)
    page.get_by_role("button", name="修改密码").click()
    expect(page.get_by_text("密码已保存")).to_be_focused()
    expect(page.get_by_role("button", name="取消密码")).to_be_disabled()
    page.get_by_label("原密码").fill(PASSWORD + "！")
    page.get_by_role("button", name="取消密码").click()
    page.get_by_role("dialog").get_by_role("button", name="取消密码").click()
    expect(page.get_by_text("密码已取消")).to_be_focused()
    expect(page.get_by_text("您没有设置密码")).to_be_visible()


def test_a_consent_is_withdrawn_as_simply_as_given(page, enter, assert_accessible):
    headers = enter(page, "r147")
    open_from_account(page, "我的同意")
    face = page.get_by_role("listitem").filter(has_text="人脸核验")
    expect(face).to_contain_text("您没有同意")
    expect(face).to_contain_text("我们只得到结果，不保存图像")
    assert_accessible(page)
    face.get_by_role("button", name="同意：人脸核验", exact=True).click()
    expect(page.get_by_text("已同意：人脸核验。")).to_be_focused()
    given = page.context.request.get("/api/v1/me/consents", headers=headers).json()["items"]
    assert {each["purpose"]: each["given_version"] for each in given}["face"] == 1
    # One press each way, and no question in between.
    face.get_by_role("button", name="撤回同意：人脸核验").click()
    expect(page.get_by_text("已撤回同意：人脸核验。")).to_be_focused()
    expect(face).to_contain_text("您没有同意")
    page.get_by_text("依法使用、无需同意的").click()
    expect(page.get_by_role("listitem").filter(has_text="登录与账号安全")).to_be_visible()
    assert_accessible(page)


def test_a_site_that_was_agreed_to_is_listed_and_learns_nothing_more_once_withdrawn(
    page, people, sign_in, product, assert_accessible
):
    phone = people["r025"]["phone"]
    sign_in(page, phone)
    site = NewClient("公积金查询", "市住房公积金管理中心", ["https://gjj.example.gov.cn/callback"])
    with unit_of_work(product) as session:
        account = account_of_phone(session, phones.normalise(phone))
        client, _ = register_client(session, SYSTEM, site)
        asked = frozenset({"openid", "profile"})
        consents.give_consent(session, account.id, client.id, asked, asked)
    open_from_account(page, "已授权的网站")
    row = page.get_by_role("listitem").filter(has_text="公积金查询")
    expect(row).to_contain_text("隐去部分的姓名")
    assert_accessible(page)
    row.get_by_role("button", name="撤回授权：公积金查询").click()
    page.get_by_role("dialog").get_by_role("button", name="撤回授权").click()
    expect(page.get_by_text("已撤回对公积金查询的授权。")).to_be_focused()
    expect(page.get_by_text("还没有授权过网站")).to_be_visible()
    assert_accessible(page)


def test_who_used_my_data_is_listed_in_words(new_page, people, enter, assert_accessible):
    page, other = new_page(), new_page()
    mine, theirs = enter(page, "r024"), enter(other, "r026")
    open_from_account(page, "谁用过我的信息")
    expect(page.get_by_text("还没有人用过您的信息")).to_be_visible()
    mandates, ask = "/api/v1/family/mandates", page.context.request
    document = ("name", "document_type", "document_number")
    asked = {
        "person": {key: people["r024"][key] for key in document},
        "relation": "sibling",
        "scopes": ["pay"],
        "until": "2027-06-30",
    }
    sent = ask.post(mandates, data=asked, headers=theirs)
    assert sent.status == 201, sent.text()
    mandate = f"{mandates}/{sent.json()['id']}"
    assert ask.post(f"{mandate}/accept", headers=mine).status == 200
    assert ask.delete(mandate, headers=theirs).status == 204
    page.get_by_role("button", name="返回").click()
    page.get_by_role("button", name="谁用过我的信息").click()
    row = page.get_by_role("listitem").filter(has_text="结束了代您办事的授权")
    expect(row).to_contain_text("*")
    expect(row).to_contain_text("原因: 代办授权")
    assert_accessible(page)


@pytest.mark.short
def test_a_copy_of_my_data_is_prepared_and_downloaded(
    new_page, people, enter, code_asked, watch, assert_accessible
):
    watch.expect("422|429")
    page = new_page(viewport={"width": 320, "height": 640})
    person = people["r022"]
    enter(page, "r022")
    open_from_account(page, "下载我的信息")
    expect(page.get_by_text("还没有下载过")).to_be_visible()
    assert_accessible(page)
    # Another number is not asked for a code, and the own one had its code for signing in just now.
    send, phone = page.get_by_role("button", name="获取验证码"), page.get_by_label("手机号")
    phone.fill("13900000000")
    masked = f"{person['phone'][:3]}****{person['phone'][-4:]}"
    expect(
        page.get_by_role("alert").filter(has_text=f"请用本账号的手机号（{masked}）")
    ).to_be_visible()
    expect(send).to_be_disabled()
    phone.fill(person["phone"])
    send.click()
    expect(page.get_by_role("alert").filter(has_text="刚给这个号码发过验证码")).to_be_focused()
    expect(page.get_by_role("button", name="秒后可重发")).to_be_disabled()
    page.reload()
    code = code_asked(page, person["phone"])
    page.get_by_label("验证码").fill("000000")
    page.get_by_role("button", name="开始准备").click()
    expect(page.get_by_role("alert").filter(has_text="验证码").first).to_be_visible()
    page.get_by_label("验证码").fill(code)
    page.get_by_role("button", name="开始准备").click()
    expect(page.get_by_text("已开始准备")).to_be_focused()
    with page.expect_download() as download:
        page.get_by_role("button", name="下载（").click()
    assert download.value.suggested_filename == "我的汇办信息.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        said = " ".join(archive.read(each).decode() for each in archive.namelist())
    assert person["name"] in said
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
