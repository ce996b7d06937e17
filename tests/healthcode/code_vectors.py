"""Builds the published vectors by hand: no line of `healthcode` and no CBOR library takes part.

`python tests/healthcode/code_vectors.py` writes docs/vectors/code-v1.json anew.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE = Path(__file__).parents[2] / "docs" / "vectors" / "code-v1.json"

#: Published, hence worthless as a key: for tests only.
SEED = hashlib.sha256(b"Huiban test vectors, not a key").digest()
OTHER_SEED = hashlib.sha256(b"Huiban test vectors, a stranger").digest()
KID = "test0001"
STATUS = bytes.fromhex("0f1e2d3c4b5a49788796a5b4c3d2e1f0")
ISSUED = 1_767_225_600  # 2026-01-01T00:00:00Z
LIFE = 120

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def base45(data: bytes) -> str:
    """RFC 9285, written out."""
    text = ""
    for at in range(0, len(data) - 1, 2):
        number = data[at] * 256 + data[at + 1]
        text += ALPHABET[number % 45] + ALPHABET[number // 45 % 45] + ALPHABET[number // 2025]
    if len(data) % 2:
        text += ALPHABET[data[-1] % 45] + ALPHABET[data[-1] // 45]
    return text


def byte_string(data: bytes) -> bytes:
    """A CBOR byte string in its shortest form (up to 255 bytes)."""
    head = bytes([0x40 + len(data)]) if len(data) < 24 else bytes([0x58, len(data)])
    return head + data


def protected(kid: str = KID) -> bytes:
    """{1: -8, 4: kid}"""
    return bytes.fromhex("a2012704") + byte_string(kid.encode())


def claims(colour: int, issued: int = ISSUED, life: int = LIFE) -> bytes:
    """{4: exp, 6: iat, 7: cti, "c": colour}"""
    return b"".join(
        (
            bytes.fromhex("a4041a") + (issued + life).to_bytes(4),
            bytes.fromhex("061a") + issued.to_bytes(4),
            bytes.fromhex("07") + byte_string(STATUS),
            bytes.fromhex("6163") + bytes([colour]),
        )
    )


def to_be_signed(header: bytes, payload: bytes) -> bytes:
    """["Signature1", protected, h'', payload] (RFC 9052, 4.4)."""
    context = bytes([0x60 + 10]) + b"Signature1"
    return b"\x84" + context + byte_string(header) + b"\x40" + byte_string(payload)


def cose(payload: bytes, *, seed: bytes = SEED, header: bytes | None = None) -> bytes:
    """18([protected, {}, payload, signature])"""
    header = protected() if header is None else header
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(to_be_signed(header, payload))
    return (
        b"\xd2\x84" + byte_string(header) + b"\xa0" + byte_string(payload) + b"\x58\x40" + signature
    )


def code(data: bytes) -> str:
    """The text a phone shows."""
    return "HB1:" + base45(data)


def build() -> dict[str, Any]:
    """The whole file."""
    public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
    return {
        "format": "HB1",
        "warning": "TEST KEY. The seed is published; no verifier outside a test may trust it.",
        "key": {"kid": KID, "seed_hex": SEED.hex(), "public_hex": public.hex()},
        "accept": _accepted(),
        "refuse": _refused(),
    }


def _accepted() -> list[dict[str, Any]]:
    lines = []
    for number, colour in enumerate(("green", "yellow", "red")):
        data = cose(claims(number))
        lines.append(
            {
                "name": colour,
                "code": code(data),
                "cose_hex": data.hex(),
                "to_be_signed_hex": to_be_signed(protected(), claims(number)).hex(),
                "now": ISSUED + 1,
                "claims": {
                    "exp": ISSUED + LIFE,
                    "iat": ISSUED,
                    "cti_hex": STATUS.hex(),
                    "colour": colour,
                },
            }
        )
    return lines


def _refused() -> list[dict[str, Any]]:
    good = cose(claims(0))
    text = code(good)
    day = 86_400
    lines = [
        ("too_old", text, ISSUED + LIFE, "expired"),
        ("from_the_future", text, ISSUED - 61, "expired"),
        ("strange_key", code(cose(claims(0), header=protected("test0002"))), None, "unknown_key"),
        ("signed_by_a_stranger", code(cose(claims(0), seed=OTHER_SEED)), None, "bad_signature"),
        ("last_bit_flipped", code(good[:-1] + bytes([good[-1] ^ 1])), None, "bad_signature"),
        ("colour_swapped", code(good.replace(b"ac\x00", b"ac\x01")), None, "bad_signature"),
        ("colour_unknown", code(cose(claims(3))), None, "malformed"),
        ("good_for_too_long", code(cose(claims(0, life=day + 1))), None, "malformed"),
        ("ends_before_it_begins", code(cose(claims(0, life=0))), None, "malformed"),
        ("algorithm_none", code(cose(claims(0), header=b"\xa1\x04H" + KID.encode())), None, "malformed"),
        ("tag_missing", code(good[1:]), None, "malformed"),
        ("wrong_tag", code(b"\xd1" + good[1:]), None, "malformed"),
        ("trailing_byte", code(good + b"\x00"), None, "malformed"),
        ("cut_short", text[:-2], None, "malformed"),
        ("lower_case", text.lower(), None, "malformed"),
        ("space_before", " " + text, None, "malformed"),
        ("line_end_after", text + "\n", None, "malformed"),
        ("no_prefix", text[4:], None, "malformed"),
        ("other_prefix", "HC1:" + text[4:], None, "malformed"),
        ("empty", "", None, "malformed"),
    ]  # fmt: skip
    return [
        {"name": name, "code": text, "now": now or ISSUED + 1, "reason": reason}
        for name, text, now, reason in lines
    ]


def as_text() -> str:
    """The file's content."""
    return json.dumps(build(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(as_text())
