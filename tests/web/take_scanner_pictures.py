"""`make pictures`: the door scanner as its staff see it. Not part of `make test`."""

import pytest
from pictures import FOLDER, take_at_rest
from PIL import Image
from playwright.sync_api import expect
from scanning import cut_off, film_of, kept_for_offline, type_fast, verdict, write_film

pytestmark = pytest.mark.timeout(600)

SHARP = {"device_scale_factor": 2}


@pytest.fixture(scope="module")
def film(tmp_path_factory):
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


def test_the_door(new_page, door, declared, film, watch):
    page = new_page(**SHARP)
    page.goto("/scanner/")
    take_at_rest(page, "scanner/sign-in")
    resident, code = declared("r183")
    page = door("s001", **SHARP)
    kept_for_offline(page)
    take_at_rest(page, "scanner/waiting")
    resident.goto("/app/#/code")
    resident.wait_for_timeout(1_500)
    film_of(resident, film)
    page.reload()
    expect(verdict(page)).to_contain_text("通过", timeout=20_000)
    take_at_rest(page, "scanner/pass")
    expect(verdict(page)).to_have_count(0, timeout=10_000)
    type_fast(page, code[:-4] + "0000")
    expect(verdict(page)).to_contain_text("不通过")
    take_at_rest(page, "scanner/refuse")
    type_fast(page, "HB1:HELLO")
    expect(verdict(page)).to_contain_text("没有扫全")
    take_at_rest(page, "scanner/again")
    cut_off(page, watch)
    type_fast(page, code)
    expect(verdict(page)).to_contain_text("只核对了签名")
    take_at_rest(page, "scanner/check")
    page.keyboard.press("Escape")
    take_at_rest(page, "scanner/offline")
    assert (FOLDER / "scanner" / "check.png").exists()


def test_choosing_and_setting(door, second_venue):
    page = door("s021", **SHARP)
    expect(page.get_by_role("button", name=second_venue["name"])).to_be_visible()
    take_at_rest(page, "scanner/venues")
    page.get_by_role("link", name="设置").click()
    expect(page.get_by_role("group", name="试听")).to_be_visible()
    take_at_rest(page, "scanner/settings")
    assert (FOLDER / "scanner" / "settings.png").exists()
