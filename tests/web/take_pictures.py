"""`make pictures`: the screens as people see them, into `docs/pictures/`. Not part of `make test`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pictures import FOLDER, take
from PIL import Image
from playwright.sync_api import Page, expect
from test_door_scanner import HEALTHY, film_of, type_fast, write_film

from scripts.environment import read_world

pytestmark = pytest.mark.timeout(600)

WUHAN = "420100000000"
CASHIER = r"foreign host: .*/checkmweb"


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """Take a picture of what a page shows, once it has come to rest."""

    def take_at_rest(page: Page, name: str) -> None:
        page.wait_for_timeout(600)
        take(page, name)

    return take_at_rest


@pytest.fixture
def phone(new_page) -> Callable[..., Page]:
    """A phone with a sharp screen that has chosen Wuhan: `phone(simple=True)`."""

    def open_phone(width: int = 390, scale: float = 2, **chosen) -> Page:
        page = new_page(viewport={"width": width, "height": 844}, device_scale_factor=scale)
        kept = json.dumps({"region": WUHAN, "simple": False, "language": "zh"} | chosen)
        keep = "if (location.pathname.startsWith('/app/') && !localStorage['huiban.settings'])"
        script = f"{keep} localStorage['huiban.settings'] = {json.dumps(kept)}"
        page.add_init_script(script)
        return page

    return open_phone


def declare(page: Page, headers: dict[str, str]) -> None:
    said = page.context.request.put(
        "/api/v1/health-code/declaration", data=HEALTHY, headers=headers
    )
    assert said.status == 200, said.text()


def test_what_everybody_sees(phone, shoot):
    page = phone()
    for name, path in (
        ("home", "/"),
        ("region", "/region"),
        ("sign-in", "/sign-in"),
        ("search", "/search"),
    ):
        page.goto(f"/app/#{path}")
        expect(page.get_by_role("main")).to_be_visible()
        if name == "search":
            page.get_by_role("combobox").fill("娃娃上户口")
            page.wait_for_timeout(1_000)
        shoot(page, f"app/{name}")
    page.goto("/app/#/")
    page.get_by_role("main").get_by_role(
        "link", name=re.compile("身份证|社保|公积金")
    ).first.click()
    shoot(page, "app/matter")
    page.goto("/app/#/")
    page.locator("a[href*='/themes/']").first.click()
    shoot(page, "app/theme")
    simple = phone(simple=True)
    simple.goto("/app/#/")
    shoot(simple, "app/home-simple")
    narrow = phone(width=320)
    narrow.goto("/app/#/")
    shoot(narrow, "app/home-320")
    english = phone(language="en")
    english.goto("/app/#/")
    shoot(english, "app/home-english")
    wide = phone(width=1200, scale=1)
    wide.goto("/docs/")
    expect(wide.get_by_role("heading", name=re.compile("Notices")).first).to_be_visible()
    shoot(wide, "docs")


def test_proving_the_real_name(phone, sign_in, people, shoot):
    page = phone()
    sign_in(page, people["r184"]["phone"])
    page.goto("/app/#/real-name")
    shoot(page, "app/real-name")
    assert (FOLDER / "app" / "real-name.png").exists()


def test_the_health_code(phone, enter, shoot, watch):
    watch.expect("ERR_INTERNET_DISCONNECTED")
    page = phone()
    headers = enter(page, "r181")
    page.goto("/app/#/code")
    shoot(page, "app/code-none")
    page.goto("/app/#/code/declare")
    shoot(page, "app/declare")
    declare(page, headers)
    page.goto("/app/#/code")
    shoot(page, "app/code")
    page.context.set_offline(True)
    page.reload()
    shoot(page, "app/code-offline")
    page.context.set_offline(False)
    simple = phone(simple=True)
    declare(simple, enter(simple, "r182"))
    simple.goto("/app/#/code")
    shoot(simple, "app/code-simple")
    red = phone()
    declare(red, enter(red, "r204"))
    red.goto("/app/#/code")
    shoot(red, "app/code-red")


def test_paying_for_the_family(phone, enter, shoot, watch, people):
    watch.expect(CASHIER)
    father = people["p001"]
    page = phone()
    enter(page, "r001")
    page.goto("/app/#/bills")
    shoot(page, "app/bills")
    page.goto("/app/#/bills/look-up")
    page.get_by_label("家人姓名").fill(father["name"])
    page.get_by_label("身份证号").fill(father["document_number"])
    page.get_by_role("button", name="查询应缴费用").click()
    page.get_by_role("checkbox").check()
    shoot(page, "app/look-up")
    page.get_by_role("button", name="去缴费").click()
    expect(page.get_by_role("heading", name="确认订单")).to_be_visible()
    shoot(page, "app/confirm-order")
    page.get_by_role("button", name="提交订单").click()
    expect(page.get_by_role("heading", name="等待付款")).to_be_visible()
    shoot(page, "app/order-open")
    page.get_by_role("button", name="微信支付").click()
    expect(page.get_by_text("演示收银台")).to_be_visible()
    shoot(page, "app/cashier")
    page.get_by_role("button", name="支付 · Pay").click()
    expect(page.get_by_role("heading", name="缴费成功")).to_be_visible(timeout=20_000)
    shoot(page, "app/order-settled")
    for name, path in (
        ("orders", "/orders"),
        ("receipts", "/receipts"),
        ("family", "/family"),
        ("family-new", "/family/new"),
        ("me", "/me"),
        ("devices", "/devices"),
        ("scans", "/scans"),
        ("notice-settings", "/notices/settings"),
    ):
        page.goto(f"/app/#{path}")
        shoot(page, f"app/{name}")
    page.goto("/app/#/notices")
    page.get_by_role("button", name="代缴已入账").first.click()
    shoot(page, "app/notices")


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    """The file that the browser shows as its camera's picture."""
    path = tmp_path_factory.mktemp("camera") / "film.y4m"
    write_film(path, Image.new("RGB", (720, 960), "#555"))
    return path


@pytest.fixture(scope="module")
def browser(launch, film):
    """A browser whose camera shows the film."""
    opened = launch(
        "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"
    )
    yield opened
    opened.close()


def test_the_door_scanner(phone, new_page, enter, sign_in, film, shoot, people):
    resident = phone()
    declare(resident, enter(resident, "r183"))
    resident.goto("/app/#/code")
    resident.wait_for_timeout(1_500)
    staff = read_world()["venue_staff"][0]["person"]
    page = new_page(permissions=["camera"], device_scale_factor=2)
    page.goto("/scanner/")
    shoot(page, "scanner/sign-in")
    sign_in(page, people[staff]["phone"])
    page.goto("/scanner/")
    shoot(page, "scanner/waiting")
    film_of(resident, film)
    page.reload()
    expect(page.get_by_role("dialog")).to_contain_text("通过", timeout=20_000)
    shoot(page, "scanner/pass")
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=10_000)
    type_fast(page, "HB1:HELLO")
    expect(page.get_by_role("dialog")).to_be_visible()
    shoot(page, "scanner/refuse")
    assert (FOLDER / "scanner" / "pass.png").exists()
