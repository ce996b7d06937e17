"""Operators: asked, pending until they accept, bound by scope and last day, ended at once."""

import concurrent.futures
import uuid
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from identity.organisation_support import Desk, company, request_for
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from support import make_person, resident_id

from app.connectors.world import build_world
from app.core import clock
from app.identity.organisations.models import Operator
from app.identity.organisations.states import LIVING, OPERATOR, OperatorMoveRefused, as_of, move
from composition import web_app


@pytest.fixture
def desk(client):
    return Desk(client)


@pytest.fixture
def manager(invent):
    return invent()


@pytest.fixture
def organisation(core, manager):
    return company(core, manager)


def code_of(answer):
    return answer.status_code, answer.json["code"]


def test_an_operator_acts_with_their_scopes_once_they_accepted(desk, manager, organisation, invent):
    clerk = invent()
    made = desk.add(manager, organisation, clerk, scopes=("pay", "handle_cases", "pay"))
    assert made.json["status"] == "pending"
    assert code_of(desk.act_for(clerk, organisation)) == (404, "not_found")
    (invitation,) = desk.get("/api/v1/organisations/invitations", clerk).json["items"]
    assert invitation["organisation_name"] == "测试有限公司"
    assert desk.accept(clerk, invitation["id"]).json["status"] == "active"
    told = desk.act_for(clerk, organisation).json["acting_as"]
    assert told["scopes"] == ["handle_cases", "pay"]
    assert desk.get("/api/v1/organisations/invitations", clerk).json["items"] == []


def test_known_and_unknown_people_are_asked_alike(desk, manager, organisation, invent, client):
    known = invent()
    stranger = replace(known, name=known.name, document_number=resident_id(888))
    told = [desk.add(manager, organisation, each) for each in (known, stranger)]
    shown = [{**each.json, "id": None} for each in told]
    assert [each.status_code for each in told] == [201, 201]
    assert shown[0] == shown[1]


def test_a_wrong_name_is_shown_to_nobody(desk, manager, organisation, invent):
    clerk = invent()
    made = desk.add(manager, organisation, replace(clerk, name="别的名字"))
    assert desk.get("/api/v1/organisations/invitations", clerk).json["items"] == []
    assert code_of(desk.accept(clerk, made.json["id"])) == (404, "not_found")


def test_another_persons_invitation_is_unknown(desk, manager, organisation, invent):
    made = desk.add(manager, organisation, invent())
    stranger = invent()
    foreign = desk.accept(stranger, made.json["id"])
    unknown = desk.accept(stranger, uuid.uuid4())
    assert code_of(foreign) == code_of(unknown) == (404, "not_found")


def test_a_declined_invitation_stays_so(desk, manager, organisation, invent):
    clerk = invent()
    made = desk.add(manager, organisation, clerk)
    assert desk.accept(clerk, made.json["id"], "decline").json["status"] == "declined"
    assert code_of(desk.accept(clerk, made.json["id"])) == (409, "operator_not_open")


def test_the_end_acts_on_the_next_request(desk, manager, organisation, invent):
    clerk = invent()
    operator = desk.employ(manager, organisation, clerk)
    acting = desk.acting(clerk, organisation)
    path = f"/api/v1/organisations/{organisation}"
    assert desk.get(path, acting).status_code == 200
    assert desk.end(manager, organisation, operator).status_code == 204
    assert code_of(desk.get(path, acting)) == (403, "acting_ended")
    assert desk.end(manager, organisation, operator).status_code == 204, "ending again is nothing"
    assert desk.get("/api/v1/me", acting).json["acting_as"] is None


def test_an_operator_may_leave_also_while_acting(desk, manager, organisation, invent):
    clerk = invent()
    operator = desk.employ(manager, organisation, clerk)
    acting = desk.acting(clerk, organisation)
    assert desk.end(acting, organisation, operator).status_code == 204
    assert code_of(desk.act_for(clerk, organisation)) == (404, "not_found")


def test_an_operator_reads_which_authorisation_is_theirs_and_ends_it(
    desk, manager, organisation, invent
):
    clerk = invent()
    operator = desk.employ(manager, organisation, clerk)
    (mine,) = desk.get("/api/v1/organisations", clerk).json["items"]
    assert (mine["role"], mine["operator_id"]) == ("operator", str(operator))
    (theirs,) = desk.get("/api/v1/organisations", manager).json["items"]
    assert (theirs["role"], theirs["operator_id"]) == ("legal_representative", None)
    assert desk.end(clerk, organisation, mine["operator_id"]).status_code == 204
    assert desk.get("/api/v1/organisations", clerk).json["items"] == []


def test_after_the_last_day_nothing_is_left_swept_or_not(
    desk, manager, organisation, invent, session
):
    clerk = invent()
    desk.employ(manager, organisation, clerk)
    acting = desk.acting(clerk, organisation)
    session.execute(update(Operator).values(until=clock.legal_today() - timedelta(days=1)))
    session.commit()
    path = f"/api/v1/organisations/{organisation}"
    assert code_of(desk.get(path, acting)) == (403, "acting_ended")
    (shown,) = desk.get(f"{path}/operators", manager).json["items"]
    assert shown["status"] == "expired"
    assert desk.add(manager, organisation, clerk).status_code == 201, "and may be asked anew"


def test_an_expired_invitation_cannot_be_accepted(desk, manager, organisation, invent, session):
    clerk = invent()
    made = desk.add(manager, organisation, clerk)
    session.execute(update(Operator).values(until=clock.legal_today() - timedelta(days=1)))
    session.commit()
    assert code_of(desk.accept(clerk, made.json["id"])) == (409, "operator_not_open")


def test_only_whoever_manages_operators_sees_and_changes_them(desk, manager, organisation, invent):
    clerk, helper = invent(), invent()
    desk.employ(manager, organisation, clerk, scopes=("pay",))
    path = f"/api/v1/organisations/{organisation}/operators"
    assert code_of(desk.get(path, clerk)) == (403, "scope_required")
    assert code_of(desk.add(clerk, organisation, helper)) == (403, "scope_required")
    other = desk.employ(manager, organisation, helper)
    assert code_of(desk.end(clerk, organisation, other)) == (403, "scope_required")
    assert code_of(desk.end(clerk, organisation, uuid.uuid4())) == (403, "scope_required")


def test_a_manager_lets_others_work_but_makes_no_managers(desk, manager, organisation, invent):
    deputy, clerk = invent(), invent()
    desk.employ(manager, organisation, deputy, scopes=("manage_operators",))
    assert desk.add(deputy, organisation, clerk, scopes=("pay",)).status_code == 201
    refused = desk.add(deputy, organisation, invent(), scopes=("pay", "manage_operators"))
    assert code_of(refused) == (403, "scope_required")
    longer = desk.add(deputy, organisation, invent(), days=31)
    assert list(longer.json["errors"]) == ["until"]


def test_nobody_authorises_themselves_nor_the_representative(desk, manager, organisation, invent):
    deputy = invent()
    desk.employ(manager, organisation, deputy, scopes=("manage_operators",))
    for who, whom in ((manager, manager), (deputy, manager)):
        refused = desk.add(who, organisation, whom)
        assert refused.status_code == 422
        assert list(refused.json["errors"]) == ["document_number"]


def test_the_database_too_refuses_whoever_authorises_themselves(
    desk, manager, organisation, invent, session
):
    desk.add(manager, organisation, invent())
    with pytest.raises(IntegrityError, match="not_for_oneself"):
        session.execute(update(Operator).values(person_id=manager.actor.person))


def test_a_person_has_one_living_authorisation_at_an_organisation(
    desk, manager, organisation, invent
):
    clerk = invent()
    operator = desk.employ(manager, organisation, clerk)
    assert code_of(desk.add(manager, organisation, clerk)) == (409, "operator_exists")
    desk.end(manager, organisation, operator)
    assert desk.add(manager, organisation, clerk).status_code == 201


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"until": "2020-01-01"}, "until"),
        ({"until": "2099-01-01"}, "until"),
        ({"status": "active"}, "status"),
    ],
)
def test_malformed_terms_are_named(client, manager, organisation, invent, changes, field):
    body = {**request_for(invent()), **changes}
    url = f"/api/v1/organisations/{organisation}/operators"
    refused = client.post(url, json=body, headers=manager.headers)
    assert refused.status_code == 422
    assert list(refused.json["errors"]) == [field]


def test_the_list_of_operators_is_read_in_pages(desk, manager, organisation, invent):
    made = [desk.add(manager, organisation, invent()).json["id"] for _ in range(5)]
    path = f"/api/v1/organisations/{organisation}/operators?limit=2"
    seen, cursor = [], ""
    for _ in range(3):
        page = desk.get(path + cursor, manager).json
        seen += [each["id"] for each in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == made[::-1]
    assert page["next_cursor"] is None


def test_no_name_or_number_of_an_operator_lies_open(desk, manager, organisation, invent, session):
    clerk = invent()
    desk.employ(manager, organisation, clerk)
    stored = session.scalar(text("SELECT string_agg(o::text, '') FROM organisation_operators o"))
    assert clerk.name not in stored
    assert clerk.document_number not in stored


def test_states_move_as_the_table_says_and_no_other_way():
    states = ("pending", "active", "declined", "ended", "expired")
    moves = ("accept", "decline", "end", "expire")
    for state in states:
        for by in moves:
            if (state, by) in OPERATOR:
                assert move(state, by) == OPERATOR[state, by]
            else:
                with pytest.raises(OperatorMoveRefused):
                    move(state, by)
    today = clock.legal_today()
    assert {as_of(each, today - timedelta(days=1), today) for each in LIVING} == {"expired"}
    assert as_of("active", today, today) == "active"


@pytest.fixture
def live(live_core):
    """The application on a database that really commits, and its people."""
    made = build_world(live_core, waiters=8)
    application = web_app(made)
    yield lambda: Desk(application.test_client())
    made.close_parties()


def at_once(acts):
    with concurrent.futures.ThreadPoolExecutor(len(acts)) as pool:
        return [each.result() for each in [pool.submit(act) for act in acts]]


def test_one_of_many_requests_for_the_same_person_at_once_is_kept(live, live_core):
    manager, clerk = make_person(live_core), make_person(live_core)
    organisation = company(live_core, manager)
    told = at_once([lambda: live().add(manager, organisation, clerk) for _ in range(8)])
    statuses = Counter(each.status_code for each in told)
    # Whoever waits too long behind the others is told to come back.
    assert statuses[201] == 1
    assert set(statuses) <= {201, 409, 503}


def test_accepting_and_ending_at_once_never_leaves_an_ended_authorisation_alive(live, live_core):
    manager = make_person(live_core)
    organisation = company(live_core, manager)
    for _ in range(6):
        clerk = make_person(live_core)
        operator = live().add(manager, organisation, clerk).json["id"]
        accepted, ended = at_once(
            [
                partial(live().accept, clerk, operator),
                partial(live().end, manager, organisation, operator),
            ]
        )
        assert accepted.status_code in (200, 409)
        assert ended.status_code == 204
        assert code_of(live().act_for(clerk, organisation)) == (404, "not_found")
    with live_core.session() as session:
        statuses = session.execute(select(Operator.status, func.count()).group_by(Operator.status))
        assert dict(tuple(each) for each in statuses) == {"ended": 6}
