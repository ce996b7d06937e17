"""A thousand requests made from the OpenAPI document: no error of ours, nothing it does not promise."""

import pytest
from guards.fuzzing import Fuzzing

N = 1_000


@pytest.mark.timeout(300)
def test_whatever_is_sent_is_answered_as_the_document_says(app, core, stubs):
    told = Fuzzing(app, core).run(N)
    print(f"\nn = {told.statuses.total()} requests: {dict(sorted(told.statuses.items()))}")
    assert not told.faults, "\n".join(told.faults[:20])
    assert told.statuses.total() >= N
