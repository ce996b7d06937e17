"""A code as a picture: PNG bytes for a page, characters for a terminal."""

import io

import qrcode
from qrcode.constants import ERROR_CORRECT_M


def png(code: str, *, pixels: int = 6) -> bytes:
    """A PNG with `pixels` for each module, black on white: doors read contrast, not colour."""
    buffer = io.BytesIO()
    drawn = _drawn(code)
    drawn.box_size = pixels
    drawn.make_image().save(buffer, "PNG")
    return buffer.getvalue()


def terminal(code: str) -> str:
    """The code in half blocks, to be scanned from a dark terminal."""
    buffer = io.StringIO()
    _drawn(code).print_ascii(out=buffer, invert=True)
    return buffer.getvalue()


def _drawn(code: str) -> qrcode.QRCode:
    # Level M keeps a code of 183 characters at version 8.
    drawn = qrcode.QRCode(error_correction=ERROR_CORRECT_M)
    drawn.add_data(code)
    drawn.make()
    return drawn
