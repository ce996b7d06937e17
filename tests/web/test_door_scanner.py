"""The door scanner in a real browser: its camera is a film of the resident's own screen."""

import io
from base64 import b64encode
from pathlib import Path

import pytest
from PIL import Image, ImageFilter
from playwright.sync_api import expect

from healthcode import qr

pytestmark = pytest.mark.timeout(300)

HEALTHY = {
    "temperature_c": 36.5,
    "symptoms": [],
    "contact": "no",
    "risk_area": "low",
    "confirmed_true": True,
}
#: Width and height of the camera's picture.
FILM = (720, 960)


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


@pytest.fixture
def door(new_page, people, sign_in):
    """A scanner at the door of the given staff: `door("s010")`, camera allowed unless said otherwise."""

    def stand(key, camera=True, **options):
        page = new_page(permissions=["camera"] if camera else [], **options)
        sign_in(page, people[key]["phone"])
        page.goto("/scanner/")
        return page

    return stand


@pytest.fixture
def declared(new_page, enter):
    """The phone of a resident whose code is green, and the code: `declared("r161")`."""

    def declare(key):
        page = new_page()
        headers = enter(page, key)
        ask = page.context.request
        said = ask.put("/api/v1/health-code/declaration", data=HEALTHY, headers=headers)
        assert said.status == 200, said.text()
        for _ in range(50):
            status = ask.get("/api/v1/health-code", headers=headers).json()
            if status["state"] == "active":
                return page, status["code"]
            page.wait_for_timeout(200)
        raise AssertionError(status)

    return declare


def write_film(path: Path, picture: Image.Image) -> None:
    """A few frames of `picture` as YUV4MPEG2 with 4:2:0 sampling."""
    planes = picture.convert("YCbCr").split()
    half = (FILM[0] // 2, FILM[1] // 2)
    luma, *chroma = (
        plane.tobytes() for plane in (planes[0], *(p.resize(half) for p in planes[1:]))
    )
    frame = b"FRAME\n" + luma + b"".join(chroma)
    path.write_bytes(f"YUV4MPEG2 W{FILM[0]} H{FILM[1]} F10:1 C420\n".encode() + frame * 3)


def film_of(page, path: Path) -> None:
    """Let the camera see a phone's screen: held a little aslant, not quite sharp."""
    with Image.open(io.BytesIO(page.screenshot())) as screen:
        phone = screen.convert("RGB")
    phone.thumbnail((FILM[0] - 80, FILM[1] - 80))
    scene = Image.new("RGB", FILM, "#7a6a58")
    scene.paste(phone, ((FILM[0] - phone.width) // 2, (FILM[1] - phone.height) // 2))
    turned = scene.rotate(4, Image.Resampling.BICUBIC, fillcolor="#7a6a58")
    write_film(path, turned.filter(ImageFilter.GaussianBlur(0.6)))


def show_code(page, code: str) -> None:
    page.set_content("<img id=code width=300 style='margin:120px 45px'>")
    picture = f"data:image/png;base64,{b64encode(qr.png(code)).decode()}"
    page.evaluate("url => { code.src = url; return code.decode() }", picture)


def type_fast(page, text: str) -> None:
    """What a scanner that acts as a keyboard sends."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def counted(page):
    return [int(each) for each in page.locator("dd").all_inner_texts()]


def verdict(page):
    return page.get_by_role("dialog")


def test_the_scanner_reads_the_very_code_on_a_residents_screen(
    door, declared, film, assert_accessible
):
    phone, code = declared("r161")
    show_code(phone, code)
    film_of(phone, film)
    scanner = door("s010")
    expect(verdict(scanner)).to_contain_text("通过", timeout=20_000)
    expect(verdict(scanner)).to_contain_text("绿码")
    assert_accessible(scanner)
    expect(verdict(scanner)).to_have_count(0, timeout=8_000)
    assert counted(scanner) == [1, 0, 0]
    # Still held before the camera, it is not scanned again.
    scanner.wait_for_timeout(3_000)
    assert counted(scanner) == [1, 0, 0]
    assert_accessible(scanner)
