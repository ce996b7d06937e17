"""Twenty thousand requests made from the OpenAPI document."""

import time

import pytest
from guards.fuzzing import Fuzzing

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1_800)]

#: More are made than asked for only where an operation can be asked wrongly.
N, ASKED = 20_000, 28_000


def test_twenty_thousand_requests_are_answered_as_the_document_says(app, core, stubs, tell):
    began = time.perf_counter()
    told = Fuzzing(app, core).run(ASKED)
    tell(
        "requests from the document",
        f"n = {told.statuses.total()} as {len(told.crowds)} kinds of callers,"
        f" {len(told.faults)} answered with a 5xx, an undocumented status or no problem:"
        f" {dict(sorted(told.statuses.items()))}; {time.perf_counter() - began:.0f} s",
    )
    assert not told.faults, "\n".join(told.faults[:20])
    assert told.statuses.total() >= N
