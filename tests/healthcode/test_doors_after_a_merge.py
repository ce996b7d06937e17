"""Who scans at a door goes on doing so when their two accounts become one, and when they part again."""

import pytest

from app.identity.accounts import lock_accounts
from app.identity.life import merges
from healthcode import jobs
from healthcode.venues import NewVenue, add_staff, end_staff, register_venue, venues_of


@pytest.fixture
def station(session):
    return register_venue(session, NewVenue("武汉站", "station", "420106000000", "中北路1号"))


@pytest.fixture
def merged(session, world, invent):
    """Two accounts of which the second ends in the first, once `doors` has made who may scan."""

    def run(doors):
        mine, other = invent().actor.account, invent(level="phone").actor.account
        doors(mine, other)
        made = merges.absorb(session, *lock_accounts(session, mine, other), undo=merges.UNDO)
        session.commit()
        for _ in range(2):
            jobs.follow_merge.run(world, merge_id=str(made.id))
        return mine, other, made

    return run


def test_a_door_follows_the_account_and_goes_back_when_they_part(session, world, merged, station):
    mine, other, made = merged(lambda _, other: add_staff(session, station, other))
    session.expire_all()
    assert (venues_of(session, mine), venues_of(session, other)) == ([station], [])
    made.state = "undone"
    session.commit()
    jobs.follow_merge.run(world, merge_id=str(made.id))
    assert (venues_of(session, mine), venues_of(session, other)) == ([], [station])


def test_whoever_was_taken_off_a_door_does_not_get_it_back_by_a_merge(session, merged, station):
    def doors(mine, other):
        add_staff(session, station, other)
        end_staff(session, station, add_staff(session, station, mine))

    mine, _, _ = merged(doors)
    assert venues_of(session, mine) == []
