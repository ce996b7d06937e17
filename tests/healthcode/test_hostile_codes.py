"""Codes made to be let in: none is, and none makes anything but a refusal."""

import contextlib
import random
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import cbor2
import code_vectors as by_hand
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from healthcode import token
from healthcode.token import CodeRefused

N = 2_000
KEY = Ed25519PrivateKey.from_private_bytes(by_hand.SEED)
NOW = datetime.fromtimestamp(by_hand.ISSUED + 1, UTC)
GOOD = tuple(by_hand.cose(by_hand.claims(colour)) for colour in range(3))
CLAIMS = {4: by_hand.ISSUED + 120, 6: by_hand.ISSUED, 7: by_hand.STATUS, "c": 0}

Make = Callable[[random.Random], str]


def good(rng: random.Random) -> bytes:
    return rng.choice(GOOD)


def bit_flips(rng: random.Random) -> str:
    data = bytearray(good(rng))
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        place = rng.randrange(len(data) * 8)
        data[place // 8] ^= 1 << place % 8
    # An even number of flips can cancel out; then the code would rightly be good.
    return by_hand.code(bytes(data) if bytes(data) not in GOOD else bytes(data[:-1]))


def truncation(rng: random.Random) -> str:
    text = by_hand.code(good(rng))
    return text[: rng.randrange(len(text))]


def splice(rng: random.Random) -> str:
    first, second = rng.sample(GOOD, 2)
    cut = rng.randrange(1, len(first))
    spliced = first[:cut] + second[cut:]
    return by_hand.code(spliced if spliced not in GOOD else first + second)


def foreign_key(rng: random.Random) -> str:
    return by_hand.code(by_hand.cose(by_hand.claims(rng.randrange(3)), seed=rng.randbytes(32)))


def foreign_key_id(rng: random.Random) -> str:
    kid = rng.choice(
        ["", "test0002", "TEST0001", "../keys", "' OR 1=1", "\x00", "a" * 16, "a" * 17]
    )
    return by_hand.code(by_hand.cose(by_hand.claims(0), header=by_hand.protected(kid)))


def trailing_bytes(rng: random.Random) -> str:
    return by_hand.code(good(rng) + rng.randbytes(rng.randrange(1, 20)))


def other_spelling(rng: random.Random) -> str:
    text = by_hand.code(good(rng))
    place = rng.randrange(len(text))
    spaced = text[:place] + rng.choice("\t\n\r\u3000\u200b\ufeff\ud800İ") + text[place:]
    return rng.choice([text.lower(), text.swapcase(), f" {text}", f"{text} ", f"{text}\n", spaced])


def bomb(rng: random.Random) -> str:
    size = rng.choice([b"\x5b", b"\x7b", b"\x9b", b"\xbb"]) + rng.randbytes(8)
    body = rng.choice(
        [
            b"\x81" * 330,
            b"\xc1" * 330,
            b"\xd2\x84" + size,
            b"\xd2\x84\x4d" + size,
            b"\xc4\x82\x1b\x7f" + b"\xff" * 7 + b"\x01",
            b"\xc5\x82\x1b\x7f" + b"\xff" * 7 + b"\x03",
            b"\xd8\x1c\x81\xd8\x1d\x00",
            b"\xd2\x9f" + b"\x9f" * 200,
        ]
    )
    return rng.choice([by_hand.code(body), "HB1:" + "0" * rng.choice([508, 509, 4_000, 500_000])])


def strange_claims(rng: random.Random) -> str:
    """Signed by the right key, as a careless issuer might: still only our own form is accepted."""
    value = rng.choice(
        [
            {**CLAIMS, "c": 3},
            {**CLAIMS, "c": -1},
            {**CLAIMS, "c": 2**70},
            {**CLAIMS, "c": False},
            {**CLAIMS, "c": 0.0},
            {**CLAIMS, 4: by_hand.ISSUED + 86_401},
            {**CLAIMS, 4: by_hand.ISSUED},
            {**CLAIMS, 4: 2**64},
            {**CLAIMS, 6: float("nan")},
            {**CLAIMS, 7: by_hand.STATUS[:15]},
            {**CLAIMS, 7: by_hand.STATUS.hex()},
            {**CLAIMS, 1: "issuer"},
            {**CLAIMS, "c": [[[[[0]]]]]},
            {**CLAIMS, "c": cbor2.CBORTag(rng.choice([28, 29, 35, 256]), 0)},
            dict(reversed(CLAIMS.items())),
            {key: CLAIMS[key] for key in (4, 6, 7)},
            [],
            None,
            b"",
        ]
    )
    return by_hand.code(sign_loosely(cbor2.dumps(value)))


def strange_encoding(rng: random.Random) -> str:
    """The right content, signed by the right key, in another spelling of CBOR."""
    claims, header = by_hand.claims(0), by_hand.protected()
    payload, protected = rng.choice(
        [
            (b"\xb8\x04" + claims[1:], header),
            (b"\xbf" + claims[1:] + b"\xff", header),
            (b"\xa5" + claims[1:] + b"\x61c\x00", header),
            (claims.replace(b"\x61c\x00", b"\x61c\x18\x00"), header),
            (claims.replace(b"\x61c", b"\x78\x01c"), header),
            (claims, b"\xa2\x04H" + by_hand.KID.encode() + b"\x01\x27"),
            (claims, header.replace(b"\x01\x27", b"\x01\x26")),
            (claims, b"\xa3" + header[1:] + b"\x18\x21\x00"),
            (claims + b"\x00", header),
            # These have the right length, and differ in bytes that carry no value.
            (b"\xa4\x04\x3a" + claims[3:], header),
            (claims.replace(b"\x06\x1a", b"\x06\x3a", 1), header),
            (claims.replace(b"\x07\x50", b"\x07\x70", 1), header),
            (claims.replace(b"\x61c", b"\x61d"), header),
            (b"\xa4\x05" + claims[2:], header),
        ]
    )
    return by_hand.code(sign_loosely(payload, protected))


def strange_envelope(rng: random.Random) -> str:
    data = good(rng)
    return by_hand.code(
        rng.choice(
            [
                data[1:],
                b"\xd1" + data[1:],
                b"\xd8\x12" + data[1:],
                b"\xd9\xd9\xf7" + data,
                b"\xd8\x3d" + data,
                b"\xd2\x9f" + data[2:] + b"\xff",
                b"\xd2\x85" + data[2:] + b"\x00",
                data.replace(b"\xa0\x58", b"\xa1\x04\x40\x58", 1),
                data.replace(b"\xd2\x84\x4d", b"\xd2\x84\x58\x0d", 1),
                data.replace(b"\xa0\x58\x22", b"\xa0\x59\x00\x22", 1),
            ]
        )
    )


def noise(rng: random.Random) -> str:
    characters = "".join(rng.choices(by_hand.ALPHABET, k=rng.randrange(0, 508)))
    anything = "".join(chr(rng.randrange(1, 0xD800)) for _ in range(rng.randrange(0, 600)))
    return rng.choice(["HB1:" + characters, characters, anything, "HB1:" + anything])


def sign_loosely(payload: bytes, header: bytes | None = None) -> bytes:
    """A COSE_Sign1 of any payload, by the right key."""
    header = by_hand.protected() if header is None else header
    signature = KEY.sign(cbor2.dumps(["Signature1", header, b"", payload]))
    return cbor2.dumps(cbor2.CBORTag(18, [header, {}, payload, signature]))


FAMILIES: tuple[Make, ...] = (
    bit_flips, truncation, splice, foreign_key, foreign_key_id, trailing_bytes, other_spelling,
    bomb, strange_claims, strange_encoding, strange_envelope, noise,
)  # fmt: skip


def find_key(kid):
    return KEY.public_key() if kid == by_hand.KID else None


def test_the_unchanged_codes_are_good():
    for data in GOOD:
        assert token.verify(by_hand.code(data), find_key, NOW)


def test_no_hostile_code_is_accepted_and_none_raises_anything_else():
    rng = random.Random(1_317)
    reasons, times = Counter(), []
    for number in range(N):
        family = FAMILIES[number % len(FAMILIES)]
        text = family(rng)
        started = time.perf_counter()
        try:
            claims = token.verify(text, find_key, NOW)
        except CodeRefused as refused:
            times.append(time.perf_counter() - started)
            reasons[refused.reason] += 1
            continue
        raise AssertionError(f"{family.__name__} number {number} was accepted: {claims}")
    slow = sorted(times)[int(N * 0.999)] * 1e3
    print(f"\nhostile codes n = {N}: 0 accepted, 0 other exceptions, p99.9 {slow:.2f} ms")
    print(f"{len(FAMILIES)} families, refused as {dict(reasons)}")
    assert sum(reasons.values()) == N
    assert set(reasons) == {"malformed", "bad_signature", "unknown_key"}


def test_a_hostile_code_costs_little_memory():
    rng = random.Random(446)
    texts = [family(rng) for family in FAMILIES for _ in range(20)]
    tracemalloc.start()
    try:
        for text in texts:
            with contextlib.suppress(CodeRefused):
                token.verify(text, find_key, NOW)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    print(f"\nhostile codes n = {len(texts)}: at most {peak} bytes")
    assert peak < 4_000_000
