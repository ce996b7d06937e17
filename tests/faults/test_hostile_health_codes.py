"""A hundred thousand codes made to be let in at a door."""

import random
import time
from collections import Counter

import pytest
import test_hostile_codes as hostile

from healthcode import token
from healthcode.token import CodeRefused

N = 100_000


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_no_hostile_code_is_accepted_and_none_raises_anything_else(tell):
    rng, reasons, times = random.Random(20_261_122), Counter(), []
    began = time.perf_counter()
    for number in range(N):
        text = hostile.FAMILIES[number % len(hostile.FAMILIES)](rng)
        started = time.perf_counter()
        try:
            claims = token.verify(text, hostile.find_key, hostile.NOW)
        except CodeRefused as refused:
            times.append(time.perf_counter() - started)
            reasons[refused.reason] += 1
            continue
        raise AssertionError(f"number {number} was accepted: {claims} from {text[:200]!r}")
    spent = time.perf_counter() - began
    slow = sorted(times)[int(N * 0.999)] * 1e3
    tell(
        "hostile health codes",
        f"n = {N:,}, {len(hostile.FAMILIES)} families, 0 accepted, 0 other exceptions,"
        f" p99.9 {slow:.2f} ms, refused as {dict(sorted(reasons.items()))}, {spent:.0f} s",
    )
    assert sum(reasons.values()) == N
    assert set(reasons) == {"malformed", "bad_signature", "unknown_key"}
    assert min(reasons.values()) > N / 100
    assert slow < 5
