"""Three hundred sign-ins, each refreshed fifty times at once, with lost answers and thieves."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text
from support import make_person

from app.core.db import unit_of_work
from app.identity import sessions, tokens
from app.identity.errors import TokenRefused
from app.identity.models import SessionFamily
from app.identity.sessions import Granted

FAMILIES, PARALLEL, THREADS = 300, 50, 16


def refresh(core, token):
    with unit_of_work(core) as session:
        return sessions.refresh(session, token)


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_fifty_parallel_refreshes_leave_one_living_successor_in_every_family(live_core, tell):
    rng, began = random.Random(8), time.perf_counter()
    outcomes, errors = Counter(), Counter()
    people = [make_person(live_core, "phone") for _ in range(FAMILIES)]
    stolen = []

    def attempt(token):
        try:
            return refresh(live_core, token)
        except Exception as error:
            errors[type(error).__name__] += 1
            return None

    with ThreadPoolExecutor(THREADS) as pool:
        for person in people:
            found = list(pool.map(attempt, [person.refresh_token] * PARALLEL))
            successors = {each.refresh_token for each in found if isinstance(each, Granted)}
            outcomes.update(type(each).__name__ for each in found)
            assert len(successors) == 1, "more than one successor"
            # The answer may have been lost: the same token brings the same successor again.
            repeated = refresh(live_core, person.refresh_token)
            assert isinstance(repeated, Granted)
            assert repeated.refresh_token == successors.pop()
            following = refresh(live_core, repeated.refresh_token)
            assert isinstance(following, Granted)
            if rng.random() < 0.2:
                stolen.append((person, following))
    honest = FAMILIES - len(stolen)
    killed_within = [steal(live_core, person, following) for person, following in stolen]
    with unit_of_work(live_core) as session:
        alive = select(func.count()).where(SessionFamily.ended_at.is_(None))
        assert session.scalar(alive) == honest
        reuses = select(func.count()).where(SessionFamily.ended_because == "reuse")
        assert session.scalar(reuses) == len(stolen)
        assert session.scalar(text("SELECT count(*) FROM events")) == len(stolen)
        generations = select(SessionFamily.generation).distinct()
        assert session.scalars(generations).all() == [2]
    tell(
        "refresh families",
        f"n = {FAMILIES} families × {PARALLEL} parallel refreshes, {FAMILIES} living successors,"
        f" {sum(errors.values())} errors, 0 honest clients signed out; {len(stolen)} copies used:"
        f" {len(stolen)} families dead, the latest after {max(killed_within):.2f} s;"
        f" {time.perf_counter() - began:.0f} s",
    )
    assert outcomes == {"Granted": FAMILIES * PARALLEL}
    assert errors == {}
    assert len(stolen) > FAMILIES / 10
    assert max(killed_within) < 2


def steal(core, person, following):
    """The oldest token comes back: how long until the newest access token is refused here?"""
    began = time.monotonic()
    refused = refresh(core, person.refresh_token)
    assert not isinstance(refused, Granted)
    assert not isinstance(refresh(core, following.refresh_token), Granted)
    assert core.freshness.read_once()
    with unit_of_work(core) as session, pytest.raises(TokenRefused):
        sessions.authenticate(session, following.access_token)
    assert tokens.read_access(core.keys, following.access_token).session_id
    return time.monotonic() - began
