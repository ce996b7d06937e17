"""The browser's session beyond the happy path: several tabs, ended elsewhere, without a network."""

import re

import httpx
import pytest
from browsing import comes_true, until
from playwright.sync_api import expect

pytestmark = pytest.mark.timeout(300)

REFRESH = "/api/v1/auth/sessions/refresh"


def masked(phone):
    return f"{phone[:3]}****{phone[-4:]}"


def test_tabs_that_open_at_once_renew_one_after_the_other_and_stay_signed_in(page, people, sign_in):
    phone = people["r004"]["phone"]
    sign_in(page, phone)
    tabs = [page, *(page.context.new_page() for _ in range(4))]
    renewed = []
    page.context.on(
        "response", lambda it: renewed.append(it.status) if it.url.endswith(REFRESH) else None
    )
    for start in (
        lambda tab: tab.goto("/app/#/me", wait_until="commit"),
        lambda tab: tab.reload(wait_until="commit"),
    ):
        for tab in tabs:
            start(tab)
        for tab in tabs:
            expect(tab.get_by_text(masked(phone))).to_be_visible()
    print(f"\n{len(renewed)} renewals from {len(tabs)} tabs")
    assert set(renewed) == {200}
    assert len(renewed) >= 2 * len(tabs)


def test_signing_out_in_one_tab_shows_in_the_other(page, people, sign_in):
    phone = people["r005"]["phone"]
    sign_in(page, phone)
    page.goto("/app/#/me")
    other = page.context.new_page()
    other.goto("/app/#/me")
    expect(other.get_by_text(masked(phone))).to_be_visible()
    page.get_by_role("button", name="退出登录").click()
    expect(other.get_by_text("登录后可亮健康码")).to_be_visible()


def test_signing_out_without_a_network_is_done_here_at_once_and_there_when_it_is_back(
    page, people, sign_in, stack, watch, assert_accessible
):
    watch.expect("ERR_INTERNET_DISCONNECTED|Failed to load resource|sw.js")
    phone = people["r007"]["phone"]
    sign_in(page, phone)
    page.goto("/app/#/me")
    expect(page.get_by_text(masked(phone))).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("alert")).to_contain_text("服务器还不知道")
    assert "huiban.holder" not in page.evaluate("Object.keys(localStorage)")
    assert_accessible(page)
    # The cookie, which no script can see, is still good; the app makes no use of it.
    (cookie,) = page.context.cookies()
    page.context.set_offline(False)
    until(page, lambda: not page.context.cookies(), "the server took its cookie back")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_text("登录后可亮健康码")).to_be_visible()
    headers = {"Origin": stack.url, "Cookie": f"{cookie['name']}={cookie['value']}"}
    assert httpx.post(f"{stack.url}{REFRESH}", json={}, headers=headers).status_code == 401


def test_storage_that_cannot_be_read_is_as_if_it_were_empty(page):
    page.goto("/app/")
    for name in ("holder", "settings", "status"):
        page.evaluate("name => localStorage.setItem('huiban.' + name, '{')", name)
    page.evaluate("sessionStorage.setItem('huiban.basket', '[')")
    page.goto("about:blank")
    page.goto("/app/#/me")
    expect(page.get_by_text("登录后可亮健康码")).to_be_visible()
    page.get_by_role("link", name="首页").click()
    expect(page.get_by_role("heading", name="高频事项")).to_be_visible()


def test_a_session_ended_from_another_device_is_noticed(
    page, people, sign_in, read_code, stack, watch
):
    watch.expect("401")
    phone = people["r006"]["phone"]
    sign_in(page, phone)
    page.goto("/app/#/me")
    expect(page.get_by_text(masked(phone))).to_be_visible()
    token = page.context.request.post(REFRESH, data={}, headers={"Origin": stack.url}).json()
    signed = {"Authorization": f"Bearer {token['access_token']}"}
    with httpx.Client(base_url=f"{stack.url}/api/v1/auth", headers=signed) as elsewhere:
        (session,) = elsewhere.get("/sessions").json()["items"]
        assert elsewhere.delete(f"/sessions/{session['id']}").status_code == 204
    page.reload()
    expect(page.get_by_text("登录后可亮健康码")).to_be_visible()


@pytest.mark.short
def test_what_one_person_began_is_never_sent_in_anothers_name(page, enter):
    enter(page, "r191")
    page.goto("/app/#/code/declare")
    page.get_by_label(re.compile("今天的体温")).fill("36.5")
    sent = []
    page.context.on(
        "request",
        lambda it: sent.append(it.method) if it.url.endswith("/declaration") else None,
    )
    other = page.context.new_page()
    enter(other, "r192")
    other.close()
    # The other person's screen begins anew; nothing of the form is left or was sent.
    expect(page.get_by_label(re.compile("今天的体温"))).to_have_value("")
    assert sent == []
    page.goto("/app/#/me")
    expect(page.get_by_text("199****0192")).to_be_visible()


def test_the_second_load_comes_from_the_phone_itself(page):
    page.goto("/app/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    comes_true(page, "caches.keys().then((names) => names.length === 1)")
    from_network = []
    page.context.on(
        "response",
        lambda it: (
            None
            if it.from_service_worker or "/api/" in it.url or it.url.endswith("/ops/status")
            else from_network.append(it.url)
        ),
    )
    page.reload()
    expect(page.get_by_role("heading", name="高频事项")).to_be_visible()
    # The page and its parts; the browser looks for a newer worker and draws its own icon.
    assert [
        url for url in from_network if not url.endswith(("sw.js", ".svg", ".webmanifest"))
    ] == []


def test_without_a_network_the_app_opens_and_says_what_is_wrong(page, watch):
    watch.expect("ERR_INTERNET_DISCONNECTED|Failed to load resource|sw.js")
    page.goto("/app/")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    expect(page.get_by_role("heading", name="高频事项")).to_be_visible()
    page.context.set_offline(True)
    page.reload()
    # The menu may be shown again without asking, for a while.
    expect(page.get_by_role("heading", name="高频事项")).to_be_visible()
    # A screen that is not kept on the phone says so, and comes when it can be had.
    page.get_by_role("link", name="我的").click()
    expect(page.get_by_role("alert")).to_contain_text("网络不通")
    page.context.set_offline(False)
    page.get_by_role("button", name="重试").click()
    expect(page.get_by_role("heading", name="我的")).to_be_visible()


@pytest.mark.short
def test_swagger_ui_comes_from_our_own_host_and_calls_the_api(new_page):
    page = new_page(viewport={"width": 1100, "height": 900})
    page.goto("/docs")
    expect(page.locator(".opblock-tag").first).to_contain_text("统一登录 One login")
    page.get_by_role("link", name="运维 Operations").click()
    operation = page.locator(".opblock", has_text="/healthz")
    operation.locator(".opblock-summary").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table")).to_contain_text('"status": "ok"')
