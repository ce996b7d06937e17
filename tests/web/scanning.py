"""What tests of the door scanner do again and again."""

import io
from pathlib import Path

from browsing import comes_true
from PIL import Image, ImageFilter
from playwright.sync_api import expect

#: Width and height of the camera's picture.
FILM = (720, 960)


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


def show_code(page) -> str:
    """Open the code's screen; the text that it shows as a picture."""
    with page.expect_response("**/api/v1/health-code") as answer:
        page.goto("/app/#/code")
    expect(page.locator("svg.qr")).to_be_visible()
    return str(answer.value.json()["code"])


def type_fast(page, text: str) -> None:
    """What a scanner that acts as a keyboard sends."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def counted(page):
    return [int(each) for each in page.locator("dd").all_inner_texts()]


def verdict(page):
    return page.get_by_role("dialog")


def flipped(code: str) -> str:
    """The code with one bit of its signature changed."""
    at = len(code) - 4
    return code[:at] + ("0" if code[at] != "0" else "1") + code[at + 1 :]


def cut_off(page, watch) -> None:
    """No network any more; what a page says of it in the console is meant."""
    watch.expect("ERR_INTERNET_DISCONNECTED|Failed to load resource|sw.js")
    page.context.set_offline(True)


def kept_for_offline(page) -> None:
    """Wait until everything a door needs lies on the device."""
    expect(page.get_by_role("heading", name="扫码核验")).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    comes_true(page, "localStorage.getItem('huiban.scanner.keys') !== null")
