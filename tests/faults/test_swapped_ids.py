"""Five thousand calls with the id of somebody else's object, of the right kind and of every other."""

import random
import time
from itertools import product

import pytest
from guards.matrix import call, callers, expected, lines, path_of, without_trace
from guards.objects import BODIES, EVERYBODYS, NOBODYS, OBJECTS, Place
from support import make_person

from app.core.ids import new_id

__all__ = ["call", "callers", "lines"]

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1_800)]

N, STRANGERS = 5_000, 10
#: A site that a citizen let know them is one of the registry too.
A_SITE = {"registered_id": "client_id"}


@pytest.fixture
def strangers_objects(core, client, stubs):
    """(kind, ids) of objects of every kind, of ten strangers each."""
    place = Place(core, client)
    found = []
    for _ in range(STRANGERS):
        stranger = make_person(core)
        for kind, make in OBJECTS.items():
            made = make(place, stranger)
            found.append((kind, made if isinstance(made, tuple) else (made,)))
    return found


def test_somebody_elses_id_answers_like_an_unknown_one_wherever_it_is_put(
    core, client, lines, callers, call, strangers_objects, tell
):
    rng, began, place = random.Random(24), time.perf_counter(), Place(core, client)
    allowed = [
        (method, rule, names, name, caller)
        for (method, rule, names, line), (name, caller) in product(lines, callers.items())
        if names and names[-1] not in NOBODYS and expected(line, caller) is None
    ]
    parents, done = {}, 0
    while done < N:
        method, rule, names, name, caller = rng.choice(allowed)
        kind, ids = rng.choice(strangers_objects)
        if names[-1] in EVERYBODYS and kind in (names[-1], A_SITE.get(names[-1])):
            continue
        above = []
        if len(names) == 2:
            # Below something of one's own.
            if (name, rule) not in parents:
                parents[name, rule] = OBJECTS[names[-1]](place, caller.person)
            above = [parents[name, rule][0]]
        body = BODIES.get((method, rule), {})
        where = f"{method} {rule} as {name} with {kind}"
        foreign = call(method, path_of(rule, [*above, ids[-1]]), caller, json=body)
        unknown = call(method, path_of(rule, [*above, new_id()]), caller, json=body)
        assert foreign[0] == unknown[0], f"{where}: {foreign} {unknown}"
        assert without_trace(foreign[1]) == without_trace(unknown[1]), where
        assert foreign[0] == 404, f"{where}: {foreign}"
        done += 1
    routes = {(method, rule) for method, rule, *_ in allowed}
    tell(
        "swapped ids",
        f"n = {N} calls over {len(routes)} routes by {len(callers)} kinds of actors whom the route"
        f" lets in, each answered like an unknown id (404); {time.perf_counter() - began:.0f} s",
    )
