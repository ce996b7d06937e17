"""An officer sees the venues of their own division and says who scans at the doors."""

import uuid

import pytest
from sqlalchemy import delete, select
from staffing import REGION
from support import make_person

from app.audit.models import AuditRow
from app.identity import phones
from app.identity.accounts import account_of_phone, take_phone
from app.identity.models import Account
from healthcode.models import Venue, VenueStaff
from healthcode.venues import NewVenue, add_staff, register_venue

PHONE = "19900000077"
VENUES = "/api/v1/officer/venues"


def venue_in(session, region, name="楚风里"):
    made = register_venue(session, NewVenue(name, "shopping_mall", region, "梧桐路18号"))
    session.commit()
    return made


def staff_at(venue):
    return f"{VENUES}/{venue}/staff"


@pytest.fixture
def look(client, invent_officer):
    """A case officer's reading: `look(path, name=…)` answers the page."""
    officer = invent_officer("case_officer")

    def get(path, **query):
        answer = client.get(path, query_string=query, headers=officer.headers)
        assert answer.status_code == 200, answer.json
        return answer.json

    return get


def all_pages(look, path, **query):
    found, cursor = [], {}
    while cursor is not None:
        page = look(path, **query, **cursor)
        found.append(page["items"])
        cursor = page["next_cursor"] and {"cursor": page["next_cursor"]}
    return found


def test_somebody_may_scan_from_the_next_call_on_and_no_longer_after_the_end(
    client, session, invent_officer, invent
):
    officer, keeper = invent_officer("case_officer"), invent(level="phone")
    path = staff_at(venue_in(session, REGION))
    mine = "/api/v1/verifier/venues"
    assert client.get(mine, headers=keeper.headers).status_code == 403
    body = {"phone": keeper.phone.removeprefix("+86")}
    added = client.post(path, json=body, headers=officer.headers)
    assert added.status_code == 201
    assert client.post(path, json=body, headers=officer.headers).json == added.json
    assert client.get(mine, headers=keeper.headers).status_code == 200
    ended = f"{path}/{added.json['id']}"
    assert client.delete(ended, headers=officer.headers).status_code == 204
    assert client.get(mine, headers=keeper.headers).status_code == 403
    assert client.delete(ended, headers=officer.headers).status_code == 404


def test_a_venue_of_another_division_is_unknown(client, session, invent_officer):
    officer = invent_officer("case_officer")
    for region, status in (("420106005000", 201), ("420111000000", 404), ("429004000000", 404)):
        path = staff_at(venue_in(session, region))
        answer = client.post(path, json={"phone": PHONE}, headers=officer.headers)
        assert answer.status_code == status, region
        seen = client.get(path, headers=officer.headers)
        assert seen.status_code == (200 if status == 201 else 404), region


def test_the_venues_of_the_division_are_listed_page_by_page_and_no_others(session, look):
    session.execute(delete(VenueStaff))
    session.execute(delete(Venue))
    own = {venue_in(session, region) for region in (REGION, "420106005000", "420106012003")}
    for elsewhere in ("420111000000", "420100000000", "429004000000"):
        venue_in(session, elsewhere)
    pages = all_pages(look, VENUES, limit=2)
    assert [len(page) for page in pages] == [2, 1]
    assert {uuid.UUID(each["id"]) for page in pages for each in page} == own


def test_venues_are_found_by_part_of_their_name(session, look):
    for name in ("江滩码头（3号门）", "江滩图书馆", "100%果汁店", "Plaza 江滩"):
        venue_in(session, REGION, name)

    def found(name):
        return {each["name"] for each in look(VENUES, name=name)["items"]}

    assert found("江滩") == {"江滩码头（3号门）", "江滩图书馆", "Plaza 江滩"}
    assert found("plaza") == {"Plaza 江滩"}
    # What is a wildcard to the database is a letter to people.
    assert found("0%果") == {"100%果汁店"}
    assert found("江_图") == set()


def test_who_scans_at_a_venue_is_listed_newest_first_by_masked_phone_alone(
    client, session, invent_officer, look, core
):
    officer, venue = invent_officer("case_officer"), venue_in(session, REGION)
    keepers = [make_person(core) for _ in range(3)]
    for keeper in keepers:
        body = {"phone": keeper.phone.removeprefix("+86")}
        assert client.post(staff_at(venue), json=body, headers=officer.headers).status_code == 201
    pages = all_pages(look, staff_at(venue), limit=2)
    assert [len(page) for page in pages] == [2, 1]
    newest, *_ = shown = [each for page in pages for each in page]
    assert [each["masked_phone"][-4:] for each in shown] == [
        keeper.phone[-4:] for keeper in reversed(keepers)
    ]
    assert newest.keys() == {"id", "masked_phone", "since"}
    assert newest["masked_phone"][3:7] == "****"
    gone = client.delete(f"{staff_at(venue)}/{newest['id']}", headers=officer.headers)
    assert gone.status_code == 204
    assert look(staff_at(venue))["items"] == shown[1:]
    # A phone may become another person's; the right to scan is the account's until somebody ends it.
    account = session.get_one(Account, keepers[0].actor.account)
    take_phone(account)
    account.state = "phone_lost"
    session.commit()
    assert [each["masked_phone"] for each in look(staff_at(venue))["items"]][-1] is None


def test_adding_a_phone_does_not_tell_whether_it_had_an_account(
    client, session, invent_officer, look, core
):
    officer, venue = invent_officer("case_officer"), venue_in(session, REGION)
    known, unknown = make_person(core).phone, phones.normalise(PHONE)
    answers = [
        client.post(staff_at(venue), json={"phone": phone[3:]}, headers=officer.headers)
        for phone in (known, unknown)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    listed = {each["id"] for each in look(staff_at(venue))["items"]}
    for phone, answer in zip((known, unknown), answers, strict=True):
        assert answer.json.keys() == {"id"}
        assert answer.json["id"] in listed
        # Random: ids of version 7, as accounts have them, tell when they were made.
        assert uuid.UUID(answer.json["id"]).version == 4
        assert answer.json["id"] != str(account_of_phone(session, phone).id)


def test_looking_adding_and_ending_are_recorded_and_the_latter_with_whom(
    client, session, invent_officer, invent
):
    officer, keeper = invent_officer("case_officer"), invent()
    venue = venue_in(session, REGION)
    body = {"phone": keeper.phone.removeprefix("+86")}
    added = client.post(staff_at(venue), json=body, headers=officer.headers).json["id"]
    client.get(staff_at(venue), headers=officer.headers)
    client.delete(f"{staff_at(venue)}/{added}", headers=officer.headers)
    rows = session.scalars(
        select(AuditRow).where(AuditRow.object_id == venue).order_by(AuditRow.at, AuditRow.id)
    ).all()
    person = keeper.actor.person
    assert [(row.action, row.subject_id) for row in rows] == [
        ("healthcode.staff_added", person),
        ("healthcode.staff_listed", None),
        ("healthcode.staff_ended", person),
    ]
    assert {row.actor_id for row in rows} == {officer.actor.officer_id}


def test_a_membership_is_ended_at_its_own_venue_only(client, session, invent_officer, invent):
    officer, keeper = invent_officer("case_officer"), invent(level="phone")
    here, there = venue_in(session, REGION), venue_in(session, REGION)
    member = add_staff(session, here, keeper.actor.account)
    session.commit()
    wrong = client.delete(f"{staff_at(there)}/{member}", headers=officer.headers)
    assert wrong.status_code == 404
    right = client.delete(f"{staff_at(here)}/{member}", headers=officer.headers)
    assert right.status_code == 204
