"""The large fault runs (`make faults`): each prints its n, and writes it down if asked to.

With `HUIBAN_WRITE_EVIDENCE` set, each run puts its one line into docs/evidence/faults.md, in place of
the line it wrote there before.
"""

import os
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
EVIDENCE = TESTS.parent / "docs" / "evidence" / "faults.md"
HEAD = """# The large fault runs

Written by `HUIBAN_WRITE_EVIDENCE=1 make faults`; each line by one run of one test.

"""

# The small runs make hostile codes and tokens; these runs make more of them.
for folder in ("audit", "healthcode", "identity", "journeys", "payments"):
    if str(TESTS / folder) not in sys.path:
        sys.path.append(str(TESTS / folder))


@pytest.fixture
def tell() -> Callable[[str, str], None]:
    """`tell("access tokens", "n = 20,000: 0 accepted")` prints it, and writes it down if asked to."""

    def say(name: str, result: str) -> None:
        print(f"\n{name}: {result}")
        if not os.environ.get("HUIBAN_WRITE_EVIDENCE"):
            return
        line = f"* {name}: {result} ({datetime.now(UTC):%Y-%m-%d %H:%M} UTC)\n"
        text = EVIDENCE.read_text() if EVIDENCE.exists() else HEAD
        own = re.compile(rf"^\* {re.escape(name)}: .*\n", re.M)
        EVIDENCE.parent.mkdir(parents=True, exist_ok=True)
        EVIDENCE.write_text(own.sub("", text) + line)

    return say
