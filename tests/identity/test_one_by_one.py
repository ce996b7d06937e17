"""Recurring work goes on past what fails: one closure that cannot be erased holds up no other."""

import uuid
from dataclasses import replace

import pytest
from lives import code_for
from structlog.testing import capture_logs

from app.core import clock
from app.core.http import PartyUnavailable
from app.core.metrics import PASSED_OVER
from app.core.one_by_one import one_by_one
from app.identity.life.jobs import tasks_for
from app.identity.life.models import Closure
from composition import PARTS, closure


def test_a_closure_that_cannot_be_erased_lets_the_later_ones_through(
    client, core, invent, session, world
):
    people = [invent(), invent()]
    rows = []
    for person in people:
        code = {"code": code_for(core, person.phone, "closure")}
        made = client.post("/api/v1/me/closure", json=code, headers=person.headers)
        rows.append(session.get_one(Closure, made.json["id"]))
        rows[-1].due_on = clock.legal_today()
    session.commit()
    stuck = people[0].actor.account

    def refuse(session, account_id, person_id):
        if account_id == stuck:
            raise OSError("张三 cannot be erased")
        return PARTS[0].erase(session, account_id, person_id)

    (close_accounts,) = tasks_for((replace(PARTS[0], erase=refuse), *PARTS[1:]), closure.OBSTACLES)
    counted = PASSED_OVER.labels("identity.close_accounts")
    before = counted._value.get()
    with capture_logs() as logs:
        close_accounts.run(world)
    session.expire_all()
    assert [row.state for row in rows] == ["waiting", "done"]
    assert counted._value.get() == before + 1
    (told,) = [each for each in logs if each["event"] == "passed_over"]
    assert (told["id"], told["error"]) == (str(rows[0].id), "OSError")
    assert "张三" not in str(logs)


@pytest.mark.parametrize(
    ("failure", "asked"), [(ValueError, 3), (PartyUnavailable, 1)], ids=["one row", "the party"]
)
def test_a_silent_party_ends_the_round_and_an_unreadable_row_does_not(failure, asked):
    seen = []

    def do(each):
        seen.append(each)
        raise failure("registry")

    one_by_one("test.task", [uuid.uuid4() for _ in range(3)], do)
    assert len(seen) == asked
