"""The picture of a code, read back by a decoder that is not ours."""

import io

import code_vectors as by_hand
import zxingcpp
from PIL import Image

from healthcode import qr

CODE = by_hand.code(by_hand.cose(by_hand.claims(0)))


def test_an_independent_decoder_reads_the_picture():
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(qr.png(CODE))))
    assert found.text == CODE


def test_a_code_fits_qr_version_8():
    width = Image.open(io.BytesIO(qr.png(CODE, pixels=1))).width
    version, quiet_zone = 8, 4
    assert width == 17 + 4 * version + 2 * quiet_zone


def test_the_terminal_shows_two_rows_of_modules_a_line():
    lines = qr.terminal(CODE).splitlines()
    assert len(lines) in range(25, 30)
    assert len({len(line) for line in lines}) == 1
