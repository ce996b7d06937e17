"""A list costs the same number of statements however much is on it."""

from datetime import timedelta

import pytest
from guards.objects import Place, a_linked_account
from sqlalchemy import func, select
from support import make_person

from app.core import clock
from app.core.ids import new_id
from app.identity import sessions
from app.identity.models import Account
from app.identity.sessions import Device
from healthcode.models import Scan
from healthcode.venues import NewVenue, add_staff, register_venue

FEW, MANY = 2, 12


@pytest.fixture
def costs(client, count_sql):
    """`costs(path, person)`: (number of items, statements) of one call."""

    def call(path, person):
        with count_sql() as seen:
            answer = client.get(path, headers=person.headers)
        assert answer.status_code == 200, answer.json
        return len(answer.json["items"]), list(seen)

    return call


def same_for_few_and_many(costs, path, person_with):
    few, cheap = costs(path, person_with(FEW))
    many, dear = costs(path, person_with(MANY))
    print(f"\n{path}: {len(cheap)} statements for {few}, {len(dear)} for {many}")
    assert (few, many) == (FEW, MANY)
    assert len(dear) == len(cheap)
    assert len(dear) <= 6


def venue(session, name):
    return register_venue(session, NewVenue(name, "station", "420106000000", "中北路1号"))


def test_my_scans(costs, session, invent):
    def scanned(times):
        person, now = invent(), clock.now()
        for number in range(times):
            session.add(
                Scan(
                    day=now.date(),
                    id=new_id(),
                    at=now + timedelta(microseconds=number),
                    venue_id=venue(session, f"车站{number}"),
                    staff_id=new_id(),
                    person_id=person.actor.person_id,
                    client_scan_id=None,
                    verdict="pass",
                    colour="green",
                    reasons=[],
                    action="none",
                    code_digest=b"d" * 32,
                    scanned_at=None,
                )
            )
        session.commit()
        return person

    same_for_few_and_many(costs, "/api/v1/me/scans", scanned)


def test_my_sessions(costs, session, invent):
    def signed_in(times):
        person = invent()
        account = session.get_one(Account, person.actor.citizen_id)
        for number in range(times - 1):
            sessions.open_session(session, account, Device(f"more-{number}", "平板", "android"))
        session.commit()
        return person

    same_for_few_and_many(costs, "/api/v1/auth/sessions", signed_in)


def test_my_venues(costs, session, invent):
    def staff(places):
        person = invent(level="phone")
        for number in range(places):
            add_staff(session, venue(session, f"商场{number}"), person.actor.account)
        session.commit()
        return person

    same_for_few_and_many(costs, "/api/v1/verifier/venues", staff)


def test_venues_of_an_officers_division_and_who_scans_there(costs, session, invent, invent_officer):
    officer = invent_officer("case_officer")

    def staffed(times):
        place = venue(session, "体育馆")
        for _ in range(times):
            add_staff(session, place, invent(level="phone").actor.account)
        session.commit()
        return place

    found = [costs(f"/api/v1/officer/venues/{staffed(n)}/staff", officer) for n in (FEW, MANY)]
    assert [items for items, _ in found] == [FEW, MANY]
    assert len(found[0][1]) == len(found[1][1]) <= 10
    before, cheap = costs("/api/v1/officer/venues?limit=100", officer)
    for number in range(MANY):
        venue(session, f"场馆{number}")
    session.commit()
    after, dear = costs("/api/v1/officer/venues?limit=100", officer)
    assert after == before + MANY
    assert len(dear) == len(cheap)


@pytest.fixture
def in_the_same_mandates(client, core, session, monkeypatch):
    """`(person, n)`: n mandates in which the person is the holder, or the one acted for."""

    def ask(holder, principal):
        body = {
            "person": {
                "name": principal.name,
                "document_type": "resident_id",
                "document_number": principal.document_number,
            },
            "relation": "parent",
            "scopes": ["pay"],
            "until": (clock.legal_today() + timedelta(days=30)).isoformat(),
        }
        answer = client.post("/api/v1/family/mandates", json=body, headers=holder.headers)
        assert answer.status_code == 201, answer.json
        accept = f"/api/v1/family/mandates/{answer.json['id']}/accept"
        assert client.post(accept, headers=principal.headers).status_code == 200

    def make(times, *, holds):
        person, now = make_person(core), clock.now()
        others = [make_person(core) for _ in range(times)]
        for number, other in enumerate(others):
            # Ten may be asked for in a day.
            monkeypatch.setattr(clock, "now", lambda n=number: now + timedelta(days=n // 8))
            ask(person, other) if holds else ask(other, person)
        monkeypatch.setattr(clock, "now", lambda: now)
        return person

    return make


@pytest.mark.parametrize("holds", [True, False], ids=["as holder", "as the one acted for"])
def test_my_mandates(costs, in_the_same_mandates, holds):
    same_for_few_and_many(
        costs, "/api/v1/family/mandates", lambda times: in_the_same_mandates(times, holds=holds)
    )


def test_the_members_i_act_for(costs, in_the_same_mandates):
    # The first is always myself.
    few, cheap = costs("/api/v1/family/members", in_the_same_mandates(FEW, holds=True))
    many, dear = costs("/api/v1/family/members", in_the_same_mandates(MANY, holds=True))
    assert (few, many) == (FEW + 1, MANY + 1)
    assert len(dear) == len(cheap)


def test_my_accounts_at_departments(costs, core, client, invent):
    def linked(times):
        person = invent()
        for _ in range(times):
            a_linked_account(Place(core, client), person)
        return person

    same_for_few_and_many(costs, "/api/v1/me/linked-accounts", linked)


def test_the_counter_of_statements_counts(costs, session, invent, count_sql):
    """So that the tests above do not hold because nothing was counted."""
    with count_sql() as seen:
        for _ in range(3):
            session.scalar(select(func.count()).select_from(Account))
    assert len(seen) == 3
    assert len(costs("/api/v1/auth/sessions", invent())[1]) >= 1
