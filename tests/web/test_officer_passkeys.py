"""An officer's passkey in a real browser: added, used instead of a one-time password, removed."""

import pytest
from desks import WIDE, agree, give_password, officers, sign_in
from playwright.sync_api import expect

from scripts.stack import Layout, Stack

pytestmark = pytest.mark.timeout(400)

OFFICER = "admin.security"


@pytest.fixture(scope="module")
def stack(built, tmp_path_factory):
    """The product under a name: passkeys belong to names, not to addresses."""
    home = tmp_path_factory.mktemp("named")
    with Stack(Layout(home=home, durable=False, quiet=True, host="localhost")) as running:
        yield running


def give_authenticator(page):
    """Something in the browser that keeps passkeys and says yes."""
    developer = page.context.new_cdp_session(page)
    developer.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = developer.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return developer, made["authenticatorId"]


def test_an_officer_adds_a_passkey_signs_in_with_it_and_removes_it(new_page, assert_accessible):
    page = new_page(viewport=WIDE)
    developer, authenticator = give_authenticator(page)
    sign_in(page, OFFICER)
    page.get_by_role("link", name="我的账号").click()
    page.get_by_role("button", name="添加通行密钥").click()
    expect(page.get_by_role("status")).to_have_text("已添加，下次登录即可使用。")
    expect(page.get_by_role("listitem").filter(has_text="尚未使用")).to_have_count(1)
    assert_accessible(page)
    kept = developer.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
    assert [each["rpId"] for each in kept["credentials"]] == ["localhost"]
    page.get_by_role("button", name="退出登录").click()
    give_password(page, OFFICER, officers()[OFFICER]["password"])
    page.get_by_role("button", name="使用通行密钥").click()
    expect(page.get_by_role("heading", level=1, name="首页")).to_be_visible()
    page.get_by_role("link", name="我的账号").click()
    expect(page.get_by_role("listitem").filter(has_text="最近使用")).to_have_count(1)
    page.get_by_role("button", name="移除").click()
    agree(page, "移除")
    expect(page.get_by_text("还没有通行密钥。")).to_be_visible()


def test_whoever_cannot_answer_with_the_passkey_is_told_and_may_type_a_password(new_page):
    page = new_page(viewport=WIDE)
    developer, authenticator = give_authenticator(page)
    sign_in(page, OFFICER)
    page.get_by_role("link", name="我的账号").click()
    page.get_by_role("button", name="添加通行密钥").click()
    expect(page.get_by_role("status")).to_have_text("已添加，下次登录即可使用。")
    page.get_by_role("button", name="退出登录").click()
    # The person does not prove to be there.
    refusing = {"authenticatorId": authenticator, "isUserVerified": False}
    developer.send("WebAuthn.setUserVerified", refusing)
    developer.send("WebAuthn.clearCredentials", {"authenticatorId": authenticator})
    give_password(page, OFFICER, officers()[OFFICER]["password"])
    page.get_by_role("button", name="使用通行密钥").click()
    expect(page.get_by_role("alert")).to_have_text("没有完成通行密钥操作，请重试。")
    expect(page.get_by_label("动态口令")).to_be_visible()
