"""`make pictures`: the account's own screens, into `docs/pictures/`. Not part of `make test`."""

from __future__ import annotations

import httpx
import pytest
from desks import asked_mandate
from other_accounts import hand_over, reissue, sign_in_from_wechat
from pictures import take_at_rest
from playwright.sync_api import expect

from app.core import clock
from app.core.db import unit_of_work
from app.identity.accounts import account_of_phone
from app.identity.phones import normalise
from scripts.environment import read_world

pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def phone(new_page):
    """A phone with a sharp screen."""
    return new_page(device_scale_factor=2)


def at(page, path, name):
    """Open a screen and keep it."""
    page.goto(f"/app/#{path}")
    expect(page.get_by_text("正在加载…")).to_have_count(0)
    take_at_rest(page, f"app/{name}")


def test_account_and_privacy(phone, enter):
    phone.goto("/app/#/sign-in")
    phone.get_by_role("button", name="用密码登录").click()
    take_at_rest(phone, "app/sign-in-password")
    enter(phone, "r117")
    for name, path in (
        ("account", "/account"),
        ("password", "/account/password"),
        ("connected-none", "/account/apps"),
        ("consents", "/privacy/consents"),
        ("access-log-none", "/privacy/access-log"),
        ("data-copy", "/privacy/copy"),
        ("guardian", "/family/guardian"),
        ("change-phone", "/account/phone"),
        ("merge", "/account/merge"),
        ("close-account", "/account/close"),
        ("face-consent", "/face"),
    ):
        at(phone, path, name)
    phone.get_by_role("button", name="同意并继续").click()
    take_at_rest(phone, "app/face")


def test_acting_for_a_company(phone, enter, people):
    company = next(e for e in read_world()["organisations"] if e["representative"] == "r118")
    enter(phone, "r118")
    at(phone, "/organisations", "organisations-none")
    phone.get_by_label("社会信用代码").fill(company["uscc"])
    phone.get_by_role("button", name="认领", exact=True).click()
    phone.get_by_role("button", name="代表该单位办理").click()
    take_at_rest(phone, "app/organisations")
    phone.get_by_role("button", name="详情与经办人").click()
    phone.get_by_role("button", name="添加经办人").click()
    phone.get_by_label("姓名").fill(people["r143"]["name"])
    phone.get_by_label("身份证号").fill(people["r143"]["document_number"])
    take_at_rest(phone, "app/operator-new")
    phone.get_by_role("button", name="发送请求").click()
    phone.get_by_role("button", name="完成").click()
    take_at_rest(phone, "app/organisation")
    at(phone, "/bills", "own-business")


def test_closing_an_account_and_coming_back(phone, enter, people, code_asked):
    enter(phone, "r203")
    phone.goto("/app/#/account/close")
    phone.get_by_label("验证码").fill(code_asked(phone, people["r203"]["phone"]))
    phone.get_by_role("button", name="申请注销").click()
    phone.get_by_role("dialog").get_by_role("button", name="申请注销").click()
    expect(phone.get_by_role("heading", name="已申请注销")).to_be_focused()
    take_at_rest(phone, "app/closing")
    phone.get_by_role("button", name="登录并撤回申请").click()
    phone.get_by_label("验证码").fill(code_asked(phone, people["r203"]["phone"]))
    phone.get_by_role("button", name="登录", exact=True).click()
    expect(phone.get_by_text("注销申请已撤回")).to_be_visible()
    expect(phone.get_by_text("已实名")).to_be_visible()
    take_at_rest(phone, "app/came-back")


def test_proving_anew(new_page, phone, enter, people, code_asked, product, watch):
    watch.expect("403")
    enter(new_page(), "r205")
    number = people["r205"]["phone"]
    with unit_of_work(product) as session:
        account_of_phone(session, normalise(number)).phone_changed_at = clock.now()
    phone.goto("/app/#/sign-in?next=/me")
    phone.get_by_label("验证码").fill(code_asked(phone, number))
    phone.get_by_role("button", name="登录", exact=True).click()
    expect(phone.get_by_text("请先确认账号是您本人的")).to_be_visible()
    take_at_rest(phone, "app/must-prove")


def test_what_comes_to_an_account(
    new_page, phone, enter, people, stack, product, tmp_path, code_asked, watch
):
    watch.expect("403")
    enter(phone, "r235")
    sign_in_from_wechat(stack, people["r235"]["phone"])
    hand_over(product, tmp_path / "users.csv", people["r235"])
    at(phone, "/account/ways", "ways-in")
    at(phone, "/account/linked", "linked-accounts")
    enter(new_page(), "r236")
    number = people["r236"]["phone"]
    reissue(product, number)
    newcomer = new_page(device_scale_factor=2)
    newcomer.goto("/app/#/sign-in?next=/me")
    newcomer.get_by_label("验证码").fill(code_asked(newcomer, number))
    newcomer.get_by_role("button", name="登录", exact=True).click()
    newcomer.get_by_role("checkbox", name="这个号码是新换到手的").check()
    take_at_rest(newcomer, "app/number-new-to-me")


def test_letting_a_screen_in(phone, sign_in, people, stack):
    sign_in(phone, people["r119"]["phone"])
    client = {"name": "政务大厅 3 号机", "kind": "kiosk"}
    shown = httpx.post(f"{stack.url}/api/v1/auth/scan-logins", json={"client": client}).json()
    phone.goto(shown["qr"])
    take_at_rest(phone, "app/scan-login")


def test_a_father_confirms_by_face(phone, enter, people):
    asked_mandate(phone, enter(phone, "r024"), people["p023"])
    phone.goto("/app/#/family")
    phone.get_by_role("button", name="让 TA 本人刷脸确认").click()
    expect(phone.get_by_role("button", name="在这台手机上确认")).to_be_visible()
    take_at_rest(phone, "app/face-link")
    phone.get_by_role("button", name="在这台手机上确认").click()
    expect(phone.get_by_role("button", name="同意授权，开始刷脸")).to_be_visible()
    take_at_rest(phone, "app/confirm-by-face")
