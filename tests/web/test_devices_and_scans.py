"""My devices, signing one out from here, and who scanned my code."""

import re
import time

import pytest
from playwright.sync_api import expect

from scripts.environment import read_world
from scripts.story.telling import Client, open_http

pytestmark = pytest.mark.timeout(300)

HEALTHY = {
    "temperature_c": 36.5,
    "symptoms": [],
    "contact": "no",
    "risk_area": "low",
    "confirmed_true": True,
}
STAFF = 39


@pytest.fixture
def by_wechat(stack):
    """Somebody's mini-program on another phone: `by_wechat(phone)`."""
    http = open_http()

    def enter(phone):
        client = Client(stack.url, http)
        client.enter_by_wechat(Client(stack.stubs_url, http), phone)
        return client

    yield enter
    http.close()


def prove(client, person):
    body = {key: person[key] for key in ("name", "document_type", "document_number")}
    client.token = client.send("POST", "/api/v1/me/real-name", body, 200)["access_token"]


def test_another_device_is_signed_out_from_here(
    page, people, sign_in, by_wechat, assert_accessible
):
    phone = people["r105"]["phone"]
    other = by_wechat(phone)
    sign_in(page, phone)
    page.goto("/app/#/me")
    page.get_by_role("button", name="我的设备").click()
    expect(page.get_by_role("heading", name="我的设备")).to_be_focused()
    devices = page.locator("main li")
    expect(devices).to_have_count(2)
    expect(devices.filter(has_text="本机")).to_contain_text("测试浏览器")
    assert_accessible(page)
    away = devices.filter(has_text="微信小程序").get_by_role("button", name=re.compile("退出设备"))
    away.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert_accessible(page)
    # Thought better of it: nothing happens, and the focus is where it was.
    page.keyboard.press("Escape")
    expect(away).to_be_focused()
    expect(devices).to_have_count(2)
    away.click()
    page.get_by_role("dialog").get_by_role("button", name="退出", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="已退出登录")).to_be_visible()
    expect(page.get_by_text("没有其他设备登录")).to_be_visible()
    end = time.monotonic() + 5
    while other.call("GET", "/api/v1/me").status_code != 401:
        assert time.monotonic() < end, "the other device is still signed in"
        time.sleep(0.1)


def test_a_resident_sees_who_scanned_where_and_when(
    page, people, sign_in, by_wechat, assert_accessible
):
    person, world = people["r106"], read_world()
    mine = by_wechat(person["phone"])
    prove(mine, person)
    sign_in(page, person["phone"])
    page.goto("/app/#/scans")
    expect(page.get_by_text("还没有查验记录")).to_be_visible()
    assert_accessible(page)
    status = mine.send("PUT", "/api/v1/health-code/declaration", HEALTHY, 200)
    while status["state"] != "active":
        time.sleep(0.2)
        status = mine.get("/api/v1/health-code")
    door = by_wechat(people[world["venue_staff"][STAFF]["person"]]["phone"])
    venue = door.get("/api/v1/verifier/venues")["items"][0]
    for number in range(21):
        scan = {"code": status["code"], "venue_id": venue["id"], "client_scan_id": f"s{number}"}
        door.send("POST", "/api/v1/verifier/scans", scan, 200)
    page.reload()
    scans = page.locator("main li")
    expect(scans).to_have_count(20)
    expect(scans.first).to_contain_text(venue["name"])
    expect(scans.first).to_contain_text("绿码")
    expect(scans.first.locator("time")).to_have_text(re.compile(r"^20\d\d年\d+月\d+日 \d\d:\d\d$"))
    assert_accessible(page)
    page.get_by_role("button", name="加载更多").click()
    expect(scans).to_have_count(21)
    expect(page.get_by_role("button", name="加载更多")).to_have_count(0)


@pytest.mark.parametrize("screen", ["devices", "scans", "real-name"])
def test_my_screens_are_whole_at_320_pixels_in_simple_mode(
    new_page, people, sign_in, assert_accessible, screen
):
    key = {"devices": "r107", "scans": "r108", "real-name": "r109"}[screen]
    page = new_page(viewport={"width": 320, "height": 640})
    sign_in(page, people[key]["phone"])
    page.goto("/app/#/me")
    page.evaluate("""localStorage.setItem('huiban.settings', '{"simple": true}')""")
    page.goto("about:blank")
    page.goto(f"/app/#/{screen}")
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert_accessible(page)
