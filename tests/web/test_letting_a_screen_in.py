"""A screen shows a QR code, and a signed-in phone says yes or no."""

import httpx
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def screen(stack):
    """A kiosk that waits: `screen()` answers what it shows and how it asks for its session."""

    def start():
        client = {"name": "政务大厅 3 号机", "kind": "kiosk"}
        logins = f"{stack.url}/api/v1/auth/scan-logins"
        shown = httpx.post(logins, json={"client": client}).json()
        device = {"id": f"k-{shown['id']}", "name": "3 号机", "platform": "android"}
        body = {"poll_secret": shown["poll_secret"], "device": device}
        return shown, lambda: httpx.post(f"{logins}/{shown['id']}/claim", json=body).status_code

    return start


@pytest.mark.short
def test_the_number_on_the_screen_lets_it_in_and_another_does_not(
    new_page, people, sign_in, screen, watch, assert_accessible
):
    watch.expect("403|409")
    page = new_page(viewport={"width": 320, "height": 640})
    sign_in(page, people["r029"]["phone"])
    shown, claim = screen()
    page.goto(shown["qr"])
    expect(page.get_by_role("heading", name="政务大厅 3 号机")).to_be_visible()
    expect(page.get_by_role("group").get_by_role("button")).to_have_count(3)
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert claim() == 202
    page.get_by_role("button", name=f"屏幕上是 {shown['number']}").click()
    expect(page.get_by_text("已允许登录")).to_be_focused()
    assert claim() == 201
    # The same code again leads nowhere.
    page.reload()
    expect(page.get_by_text("已处理或已失效")).to_be_visible()
    assert_accessible(page)
    # A wrong number refuses it.
    shown, claim = screen()
    page.goto(shown["qr"])
    wrong = page.get_by_role("group").get_by_role("button").filter(has_not_text=shown["number"])
    wrong.first.click()
    expect(page.get_by_role("alert").filter(has_text="数字与屏幕显示不一致")).to_be_focused()
    assert claim() == 410


def test_whoever_declines_lets_nothing_in_and_is_asked_to_sign_in_first(
    page, people, sign_in, screen
):
    shown, claim = screen()
    page.goto(shown["qr"])
    expect(page.get_by_role("heading", name="登录", level=1)).to_be_visible()
    sign_in(page, people["r030"]["phone"])
    page.goto(shown["qr"])
    page.get_by_role("button", name="不登录").click()
    expect(page.get_by_text("已拒绝登录")).to_be_focused()
    assert claim() == 410
