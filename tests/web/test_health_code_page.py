"""The health code in a resident's hand: declared, shown, read, renewed, shown for the family."""

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
import zxingcpp
from browsing import authority_silent
from PIL import Image
from playwright.sync_api import expect
from web.conftest import HEALTHY

from app.core import clock

pytestmark = pytest.mark.timeout(300)

CODE = "/api/v1/health-code"


@pytest.fixture
def given(page, people):
    """The second person lets the first show their code; both are signed in by their headers."""

    def give(holder, principal, key):
        ask = page.context.request
        named = {name: people[key][name] for name in ("name", "document_type", "document_number")}
        until = (clock.legal_today() + timedelta(days=30)).isoformat()
        body = {"person": named, "relation": "parent", "scopes": ["view_code"], "until": until}
        asked = ask.post("/api/v1/family/mandates", data=body, headers=holder)
        assert asked.status == 201, asked.text()
        mandate = f"/api/v1/family/mandates/{asked.json()['id']}"
        assert ask.post(f"{mandate}/accept", headers=principal).status == 200

    return give


def answers_of(page):
    """Every answer of the health code to this page from now on."""
    found = []
    page.on(
        "response",
        lambda it: found.append(it.json()) if it.url.split("?")[0].endswith(CODE) else None,
    )
    return found


def picture(page):
    return page.get_by_role("img", name="健康码二维码")


def read(page):
    """What a reader sees in a photograph of the screen."""
    expect(picture(page)).to_be_visible()
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(page.screenshot())))
    return code.text


def declare_on_the_screen(page):
    page.get_by_label("今天的体温").fill("３６．５")
    page.get_by_label("咳嗽").check()
    page.get_by_label("没有以上不适", exact=True).check()
    expect(page.get_by_label("咳嗽")).not_to_be_checked()
    page.get_by_label("没有接触").check()
    page.get_by_label("低风险地区").check()
    page.get_by_label("以上内容真实").check()
    page.get_by_role("button", name="提交申报").click()


@pytest.mark.short
def test_a_resident_declares_and_shows_a_code_that_reads_exactly_as_it_was_signed(
    page, enter, assert_accessible
):
    enter(page, "r121")
    page.goto("/app/")
    page.get_by_role("link", name="健康码").first.click()
    expect(page.get_by_role("heading", name="尚未申报")).to_be_visible()
    expect(page).to_have_title("健康码 · 汇办")
    assert_accessible(page)
    page.get_by_role("button", name="申报健康状况").or_(
        page.get_by_role("link", name="申报健康状况")
    ).click()
    expect(page.get_by_role("heading", name="健康申报", level=1)).to_be_focused()
    # Nothing is chosen beforehand, and each question says what it wants.
    page.get_by_role("button", name="提交申报").click()
    expect(page.get_by_role("alert")).to_have_text("还有 5 处需要填写。")
    expect(page.get_by_label("今天的体温")).to_be_focused()
    expect(page.get_by_label("今天的体温")).to_have_accessible_description(
        "请填写 34 到 43 之间的体温。"
    )
    assert_accessible(page)
    answers = answers_of(page)
    declare_on_the_screen(page)
    expect(page.get_by_role("heading", name="绿码")).to_be_visible()
    expect(page.get_by_text("核验通过后进入")).to_be_visible()
    expect(page.get_by_text("谢*霞")).to_be_visible()
    expect(page.get_by_text("申报无异常，卫生健康部门无相关登记。")).to_be_visible()
    assert_accessible(page)
    seen = read(page)
    assert seen == answers[-1]["code"]
    assert seen.startswith("HB1:")
    # The clock lives.
    time = page.get_by_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    before = time.inner_text()
    expect(time).not_to_have_text(before)
    expect(page.get_by_text(re.compile(r"剩余 1:\d\d"))).to_be_visible()


@pytest.mark.short
def test_a_colour_is_told_by_words_shape_and_pattern_too(page, enter, declare, assert_accessible):
    shown = {}
    for key, words in (("r122", "黄码"), ("r204", "红码")):
        declare(page, enter(page, key), symptoms=["cough"] if key == "r122" else [])
        page.goto("/app/#/code")
        expect(page.get_by_role("heading", name=words)).to_be_visible()
        expect(page.get_by_role("img", name=f"健康码二维码，{words}")).to_be_visible()
        assert_accessible(page)
        assert read(page).startswith("HB1:")
        shown[words] = (
            page.locator(".sign").inner_html(),
            page.locator(".frame").evaluate("it => getComputedStyle(it).backgroundImage"),
        )
    (yellow_sign, yellow_pattern), (red_sign, red_pattern) = shown.values()
    assert yellow_sign != red_sign
    assert "none" not in (yellow_pattern, red_pattern)
    assert yellow_pattern != red_pattern


@pytest.mark.parametrize(("width", "simple"), [(320, False), (320, True), (390, True)])
def test_it_can_be_read_from_a_narrow_phone_and_in_simple_mode(
    new_page, enter, declare, assert_accessible, width, simple
):
    page = new_page(viewport={"width": width, "height": 844})
    key = {(320, False): "r123", (320, True): "r124", (390, True): "r125"}[width, simple]
    declare(page, enter(page, key))
    page.goto("/app/#/me")
    expect(page.get_by_role("heading", name="我的")).to_be_visible()
    if simple:
        page.get_by_role("switch", name="大字简明版").click()
    for address in ("code", "code/declare"):
        page.goto(f"/app/#/{address}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if address == "code":
            picture(page).scroll_into_view_if_needed()
            assert read(page).startswith("HB1:")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_while_the_authority_is_silent_the_code_is_grey_and_turns_by_itself(page, enter, stack):
    headers = enter(page, "r126")
    with authority_silent(stack):
        body = {**HEALTHY, "confirmed_true": True}
        sent = page.context.request.put(f"{CODE}/declaration", data=body, headers=headers)
        assert sent.json()["state"] == "grey"
        page.goto("/app/#/code")
        expect(page.get_by_role("heading", name="正在核验")).to_be_visible()
        expect(page.get_by_text("正在等待卫生健康部门的核验结果")).to_be_visible()
        expect(picture(page)).to_have_count(0)
    expect(page.get_by_role("heading", name="绿码")).to_be_visible(timeout=45_000)


def test_a_daughter_shows_the_code_her_father_lets_her_show(
    page, enter, declare, given, people, assert_accessible
):
    father = enter(page, "r127")
    declare(page, father)
    daughter = enter(page, "r128")
    declare(page, daughter, symptoms=["cough"])
    page.goto("/app/#/code")
    # Who has nobody yet is told how.
    expect(page.get_by_text("还没有家人请您代为亮码")).to_be_visible()
    expect(page.get_by_role("link", name="申请家人授权")).to_be_visible()
    given(daughter, father, "r127")
    page.reload()
    whose = page.get_by_role("group", name="出示谁的健康码")
    expect(whose).to_be_visible()
    expect(page.get_by_role("heading", name="黄码")).to_be_visible()
    assert_accessible(page)
    own = read(page)
    answers = answers_of(page)
    name = people["r127"]["name"]
    whose.get_by_label(f"{name[0]}*").check()
    expect(page.get_by_role("heading", name="绿码")).to_be_visible()
    # Only the father himself may declare.
    expect(page.get_by_role("link", name="重新申报")).to_have_count(0)
    assert read(page) == answers[-1]["code"] != own
    whose.get_by_label("本人").check()
    expect(page.get_by_role("heading", name="黄码")).to_be_visible()


def test_the_servers_time_counts_not_the_phones(page, enter, declare):
    declare(page, enter(page, "r129"))
    page.clock.install(time=datetime.now(UTC) + timedelta(hours=3))
    page.goto("/app/#/code")
    expect(page.get_by_role("heading", name="绿码")).to_be_visible()
    shown = page.get_by_text(re.compile(r"^\d\d:\d\d:\d\d$")).inner_text()
    hours, minutes, seconds = map(int, shown.split(":"))
    china = datetime.now(UTC) + timedelta(hours=8)
    apart = (hours - china.hour) * 3600 + (minutes - china.minute) * 60 + seconds - china.second
    assert abs(apart) <= 3
    expect(page.get_by_text(re.compile(r"剩余 (1:5\d|2:00)"))).to_be_visible()


def test_it_is_renewed_when_its_time_has_come_and_when_it_is_looked_at_again(page, enter, declare):
    declare(page, enter(page, "r130"))
    page.clock.install()
    answers = answers_of(page)
    page.goto("/app/#/code")
    first = read(page)
    assert 60 <= answers[-1]["refresh_after"] <= 75
    drawn = page.locator("svg.qr path")
    before = drawn.get_attribute("d")
    # Codes of one second are alike.
    page.wait_for_timeout(1_100)
    page.clock.fast_forward(76_000)
    expect(drawn).not_to_have_attribute("d", before)
    assert read(page) == answers[-1]["code"] != first
    # As when the phone was in the pocket.
    with page.expect_response(lambda it: it.url.endswith(CODE)):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_the_screen_stays_awake_while_a_code_is_shown_and_no_longer(page, enter, declare):
    page.add_init_script(
        """
        const ask = window.WakeLock?.prototype.request
        if (ask) WakeLock.prototype.request = async function (...given) {
            return (window.held = await ask.apply(this, given))
        }
        """
    )
    declare(page, enter(page, "r137"))
    page.goto("/app/#/code")
    expect(picture(page)).to_be_visible()
    page.wait_for_timeout(300)
    assert page.evaluate("[held.type, held.released]") == ["screen", False]
    page.get_by_role("link", name="我的").click()
    expect(page.get_by_role("heading", name="我的", level=1)).to_be_visible()
    assert page.evaluate("held.released") is True


def test_a_code_one_may_show_no_longer_is_gone(page, enter, declare, given, people, watch):
    watch.expect("404")
    father = enter(page, "r138")
    declare(page, father)
    daughter = enter(page, "r139")
    given(daughter, father, "r138")
    page.goto("/app/#/code")
    page.get_by_role("group").get_by_label(f"{people['r138']['name'][0]}*").check()
    expect(page.get_by_role("heading", name="绿码")).to_be_visible()
    ask = page.context.request
    (mandate,) = ask.get("/api/v1/family/mandates", headers=father).json()["items"]
    assert ask.delete(f"/api/v1/family/mandates/{mandate['id']}", headers=father).status == 204
    page.get_by_role("button", name="刷新").click()
    expect(page.get_by_role("heading", name="暂无法显示")).to_be_visible()
    expect(picture(page)).to_have_count(0)
    assert "HB1:" not in page.evaluate("JSON.stringify(localStorage)")
    page.reload()
    expect(page.get_by_role("heading", name="尚未申报")).to_be_visible()
    expect(page.get_by_role("group", name="出示谁的健康码")).to_have_count(0)


def test_signing_out_leaves_no_code_on_the_phone(page, enter, declare):
    declare(page, enter(page, "r131"))
    page.goto("/app/#/code")
    expect(picture(page)).to_be_visible()
    kept = "Object.keys(localStorage).filter((name) => name.startsWith('huiban.own.'))"
    assert page.evaluate(kept) != []
    # Colour and code, and no reason: that stays with the server.
    assert "nothing_found" not in page.evaluate("JSON.stringify(localStorage)")
    page.goto("/app/#/me")
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_role("button", name="退出登录")).to_have_count(0)
    assert page.evaluate(kept) == []
