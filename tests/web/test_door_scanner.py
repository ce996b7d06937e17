"""The door scanner in a real browser: its camera is a film of the resident's own screen."""

import re

import pytest
from browsing import until
from PIL import Image
from playwright.sync_api import expect
from scanning import (
    FILM,
    counted,
    cut_off,
    film_of,
    flipped,
    kept_for_offline,
    show_code,
    type_fast,
    verdict,
    write_film,
)

from app.core.keys import read_key_file
from healthcode import keys
from scripts.environment import key_file

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """The file that the browser shows as its camera's picture."""
    path = tmp_path_factory.mktemp("camera") / "film.y4m"
    write_film(path, Image.new("RGB", FILM, "#555"))
    return path


@pytest.fixture(scope="module")
def browser(launch, film):
    """A browser whose camera shows the film; each phone allows it or not."""
    opened = launch(
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    yield opened
    opened.close()


def root_public(stack):
    """The root key's public half, as an administrator is given it."""
    return keys.root_public(read_key_file(key_file(stack.layout.home, "root"), production=False))


@pytest.mark.short
def test_the_scanner_reads_the_very_code_on_a_residents_screen(
    door, declared, film, assert_accessible
):
    phone, _ = declared("r161")
    code = show_code(phone)
    film_of(phone, film)
    sent = []

    def pass_on(route):
        sent.append(route.request.post_data_json["code"])
        route.continue_()

    scanner = door("s010", on_scan=pass_on)
    expect(verdict(scanner)).to_contain_text("通过", timeout=20_000)
    expect(verdict(scanner)).to_contain_text("廖*")
    expect(verdict(scanner)).to_contain_text("绿码")
    assert_accessible(scanner)
    expect(verdict(scanner)).to_have_count(0, timeout=8_000)
    assert counted(scanner) == [1, 0, 0]
    # Still held before the camera, it is not scanned again.
    scanner.wait_for_timeout(3_000)
    assert counted(scanner) == [1, 0, 0]
    assert sent == [code]
    assert_accessible(scanner)


@pytest.mark.short
def test_without_a_network_signatures_are_checked_and_nothing_passes(
    door, declared, film, watch, assert_accessible
):
    write_film(film, Image.new("RGB", FILM, "#555"))
    phone, _ = declared("r162")
    scanner = door("s011")
    kept_for_offline(scanner)
    # A camera that is open would see the new film at once.
    scanner.goto("about:blank")
    code = show_code(phone)
    film_of(phone, film)
    cut_off(scanner, watch)
    # It opens all the same, with the reader of codes.
    scanner.goto("/scanner/")
    expect(verdict(scanner)).to_contain_text("需核查", timeout=20_000)
    expect(verdict(scanner)).to_contain_text("只核对了签名")
    expect(verdict(scanner)).to_contain_text("请核对本人证件")
    assert_accessible(scanner)
    scanner.keyboard.press("Enter")
    expect(verdict(scanner)).to_have_count(0)
    expect(scanner.get_by_text("不会显示“通过”")).to_be_visible()
    type_fast(scanner, flipped(code))
    expect(verdict(scanner)).to_contain_text("签名不对")
    type_fast(scanner, f" {code}")
    expect(verdict(scanner)).to_contain_text("这不是健康码")
    type_fast(scanner, code.lower())
    expect(verdict(scanner)).to_contain_text("不通过")
    scanner.keyboard.press("Escape")
    assert counted(scanner) == [0, 1, 3]
    # What could not be asked then is asked when the network is back.
    scanner.context.set_offline(False)
    expect(scanner.get_by_text("已联网核验：通过")).to_be_visible(timeout=15_000)
    expect(scanner.locator("dd").first).to_have_text("1")


def test_an_expired_code_is_refused_without_a_network(door, declared, watch):
    _, code = declared("r163")
    scanner = door("s012", camera=False)
    watch.expect("Permission")
    kept_for_offline(scanner)
    scanner.clock.install()
    cut_off(scanner, watch)
    scanner.clock.fast_forward(121_000)
    type_fast(scanner, code)
    expect(verdict(scanner)).to_contain_text("这个码已过期")
    expect(verdict(scanner)).to_contain_text("请对方重新打开健康码")


def test_a_lost_answer_is_asked_for_again_and_the_scan_is_stored_once(door, declared, watch):
    phone, code = declared("r164")
    watch.expect("ERR_FAILED|Failed to load resource")
    sent = []

    def lose_the_first(route):
        sent.append(route.request.post_data_json["client_scan_id"])
        answer = route.fetch()
        if len(sent) == 1:
            route.abort()
        else:
            route.fulfill(response=answer)

    scanner = door("s013", camera=False, on_scan=lose_the_first)
    type_fast(scanner, code)
    expect(verdict(scanner)).to_contain_text("需核查")
    # The answer takes the place of what the device said by itself.
    expect(verdict(scanner)).to_contain_text("通过")
    expect(verdict(scanner)).to_contain_text("李*宇")
    scanner.keyboard.press("Enter")
    assert counted(scanner) == [1, 0, 0]
    assert len(set(sent)) == 1
    phone.goto("/app/#/scans")
    expect(phone.get_by_text("洪山便民服务中心")).to_have_count(1)


#: Writes down which tones a page plays.
HEAR = """() => {
    globalThis.heard = []
    const Real = OscillatorNode
    globalThis.OscillatorNode = class extends Real {
        constructor(context, options) {
            super(context, options)
            heard.push(options.frequency)
        }
    }
}"""


@pytest.mark.short
def test_forged_codes_from_a_handheld_scanner_are_refused_and_counted(
    door, declared, assert_accessible
):
    _, code = declared("r165")
    scanner = door("s014", camera=False)
    expect(scanner.get_by_role("alert")).to_contain_text("没有摄像头权限")
    expect(scanner.get_by_role("alert")).to_contain_text("扫码枪不受影响")
    assert_accessible(scanner)
    scanner.evaluate(HEAR)
    # A button that happens to have the focus is not pressed by the scanner's keys.
    sound = scanner.get_by_role("button", name="提示音")
    sound.focus()
    type_fast(scanner, flipped(code))
    expect(verdict(scanner)).to_contain_text("不通过")
    expect(verdict(scanner)).to_contain_text("可能是伪造的")
    expect(verdict(scanner)).to_contain_text("联系现场负责人")
    assert_accessible(scanner)
    refused = scanner.evaluate("heard.splice(0)")
    type_fast(scanner, code)
    expect(verdict(scanner)).to_contain_text("请通行")
    passed = scanner.evaluate("heard.splice(0)")
    assert len(refused) == 3
    assert len(passed) == 2
    assert not set(refused) & set(passed)
    scanner.get_by_role("button", name="继续扫码").click()
    expect(sound).to_have_attribute("aria-pressed", "true")
    sound.click()
    type_fast(scanner, code + "0")
    expect(verdict(scanner)).to_contain_text("不通过")
    assert scanner.evaluate("heard") == []
    scanner.reload()
    expect(scanner.get_by_role("button", name="提示音")).to_have_attribute("aria-pressed", "false")
    assert counted(scanner) == [1, 0, 2]


def test_a_yellow_code_is_checked_with_the_name_and_never_a_reason(door, declared):
    _, code = declared("r166", temperature_c=38.1)
    scanner = door("s017", camera=False)
    type_fast(scanner, code)
    expect(verdict(scanner)).to_contain_text("需核查")
    expect(verdict(scanner)).to_contain_text("黄码")
    expect(verdict(scanner)).to_contain_text("许*")
    expect(verdict(scanner)).not_to_contain_text(re.compile("体温|发热|37|38"))


def test_staff_sign_in_at_the_scanner_itself(new_page, people, read_code, assert_accessible, stack):
    page = new_page(permissions=["camera"])
    page.goto("/scanner/")
    expect(page.get_by_role("heading", name="扫码核验")).to_be_focused()
    expect(page).to_have_title("扫码核验 · 汇办")
    expect(page.get_by_text("满 8 小时（一班）自动退出")).to_be_visible()
    assert_accessible(page)
    phone = people["s018"]["phone"]
    page.get_by_label("手机号").fill(phone)
    page.get_by_role("button", name="获取验证码").click()
    expect(page.get_by_role("status").filter(has_text="验证码已发送")).to_be_visible()
    page.get_by_label("验证码").fill(read_code(phone))
    page.get_by_role("button", name="登录", exact=True).click()
    # Who has but one venue need not choose.
    expect(page.get_by_role("heading", name="扫码核验")).to_be_focused()
    expect(page.get_by_text("惠家超市汉阳店")).to_be_visible()
    # Whoever finds the tablet finds a door, not a person.
    token = page.context.request.post(
        "/api/v1/auth/sessions/refresh", data={"use": "verifier"}, headers={"Origin": stack.url}
    ).json()["access_token"]
    mine = page.context.request.get(
        "/api/v1/me", headers={"Authorization": f"Bearer {token}"}
    ).json()
    assert mine["code"] == "session_for_doors"
    page.get_by_role("link", name="设置").click()
    expect(page.get_by_text("自动退出（一班 8 小时）")).to_be_visible()
    page.get_by_role("button", name="退出登录").click()
    expect(page.get_by_label("手机号")).to_be_visible()
    # Gone from the screen at once, from the server when it has been told.
    until(page, lambda: page.context.cookies() == [], "the door's cookie is gone")


def test_a_venue_is_chosen_among_mine_and_remembered(door, second_venue, assert_accessible):
    page = door("s021", camera=False)
    expect(page.get_by_role("heading", name="选择场所")).to_be_focused()
    assert_accessible(page)
    page.get_by_role("button", name=second_venue["name"]).click()
    expect(page.get_by_role("link", name=second_venue["name"])).to_be_visible()
    page.reload()
    page.get_by_role("link", name=second_venue["name"]).click()
    expect(page.get_by_role("button", name="当前")).to_contain_text(second_venue["name"])
    page.get_by_role("button", name="古桥客运站").click()
    expect(page.get_by_role("link", name="古桥客运站")).to_be_visible()


def test_who_is_no_staff_is_told_so(door, watch, assert_accessible):
    watch.expect("403")
    page = door("r167", camera=False)
    expect(page.get_by_text("您的账号还不是任何场所的核验人员")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("link", name="设置与退出登录").click()
    expect(page.get_by_role("button", name="退出登录")).to_be_visible()


def test_a_root_key_given_by_hand_decides_which_keys_are_trusted(
    door, declared, stack, watch, assert_accessible
):
    _, code = declared("r168")
    page = door("s022", camera=False)
    kept_for_offline(page)
    page.goto("/scanner/#/settings")
    page.get_by_text("根公钥（管理员填写）").click()
    assert_accessible(page)
    field = page.get_by_role("textbox", name="根公钥")
    field.fill("abc")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status").filter(has_text="43 个字符")).to_be_visible()
    field.fill(root_public(stack))
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status").filter(has_text="由它签名")).to_be_visible()
    field.fill("A" * 43)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("status").filter(has_text="不是由它签名的")).to_be_visible()
    page.get_by_role("button", name="返回").click()
    expect(page.get_by_text("与本机的根公钥不符")).to_be_visible()
    cut_off(page, watch)
    type_fast(page, code)
    expect(verdict(page)).to_contain_text("不在名单中")


def test_simple_mode_english_and_a_narrow_phone(door, declared, assert_accessible):
    _, code = declared("r169")
    page = door("s023", camera=False, viewport={"width": 320, "height": 568})
    narrow = "document.documentElement.scrollWidth"
    page.get_by_role("link", name="设置").click()
    page.get_by_role("switch", name="大字简明版").click()
    expect(page.get_by_role("heading", name="设置")).to_be_visible()
    assert page.evaluate(narrow) == 320
    assert_accessible(page)
    page.get_by_role("switch", name="English").click()
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_role("heading", name="Scan codes")).to_be_focused()
    assert page.evaluate(narrow) == 320
    assert_accessible(page)
    type_fast(page, code)
    expect(verdict(page)).to_contain_text("Pass")
    assert page.evaluate("document.querySelector('dialog').scrollWidth") == 320
    assert_accessible(page)
    type_fast(page, flipped(code))
    expect(verdict(page)).to_contain_text("may be forged")
    page.get_by_role("button", name="Go on scanning").click()
    expect(verdict(page)).to_have_count(0)


def test_the_scanner_can_be_installed_and_may_use_the_camera(page):
    answer = page.request.get("/scanner/")
    assert "camera=(self)" in answer.headers["permissions-policy"]
    assert "'wasm-unsafe-eval'" in answer.headers["content-security-policy"]
    manifest = page.request.get("/scanner/manifest.webmanifest").json()
    assert manifest["scope"] == manifest["start_url"] == "/scanner/"
    assert ".wasm" in page.request.get("/scanner/sw.js").text()
