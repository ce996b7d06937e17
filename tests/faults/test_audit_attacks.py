"""Many attacks on the audit trail by somebody who owns the database."""

import pytest
from trails import ATTACKS, attack_and_mend, leave, seal, sign, whats

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1_800)]

ATTACKED = 500


def test_five_hundred_attacks_are_all_found(live_core, tmp_path, tell):
    path = tmp_path / "heads.jsonl"
    for _ in range(4):
        leave(live_core, 50)
        seal(live_core)
        sign(live_core, path)
    found = 0
    for number in range(ATTACKED):
        name = ATTACKS[number % len(ATTACKS)]
        assert attack_and_mend(live_core, path, name, number), f"{name} {number} was not found"
        found += 1
    assert whats(live_core, path) == set()
    tell("audit trail", f"n = {ATTACKED} attacks by the owner of the database: {found} found")
