"""Scans at a door, and who is told about them."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.audit.models import AuditRow
from app.core import clock
from app.identity.documents import mask_name
from healthcode.models import Scan, Venue, VenueStaff
from healthcode.signing import sign_code
from healthcode.token import Claims

URL = "/api/v1/verifier/scans"


def said(answer):
    return answer["verdict"], answer["colour"], answer["reasons"], answer["action"]


@pytest.mark.parametrize(
    ("category", "verdict"),
    [
        (None, ("pass", "green", [], "none")),
        ("07", ("check", "yellow", ["colour"], "supervisor")),
        ("01", ("refuse", "red", ["colour"], "supervisor")),
    ],
)
def test_each_colour_has_its_verdict_and_no_health_reason(
    declare, authority, new_door, invent, category, verdict
):
    person = invent()
    if category:
        authority.says(person, category)
    answer = new_door().scan(declare(person)["code"])
    assert said(answer) == verdict
    assert answer["holder"] == {"masked_name": mask_name(person.name)}
    assert set(answer) == {"verdict", "colour", "reasons", "action", "holder", "scan_id", "at"}


@pytest.mark.parametrize(
    "code",
    ["", "hello", "HB1:", "HB1:" + "A" * 600, "\x00\x1b", "健康码", "\ud800", " " * 4_096],
)
def test_what_is_no_code_is_refused_as_malformed_and_scanned_again(new_door, code):
    answer = new_door().scan(code)
    assert said(answer) == ("refuse", "unknown", ["malformed"], "refresh")
    assert answer["holder"] is None


def test_what_no_camera_reads_is_an_error(new_door):
    door = new_door()
    assert door.send("A" * 4_097).status_code == 422
    assert door.send(None).status_code == 422
    assert door.send(["HB1:"]).status_code == 422
    assert door.send("HB1:", colour="green").status_code == 422


def test_an_old_code_is_refused_as_expired_without_holder(declare, new_door, invent, monkeypatch):
    door, code = new_door(), declare(invent())["code"]
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=121))
    answer = door.scan(code)
    assert said(answer) == ("refuse", "unknown", ["expired"], "refresh")
    assert answer["holder"] is None


def test_a_replaced_status_is_changed_in_both_directions(declare, new_door, invent):
    door, person = new_door(), invent()
    green = declare(person)["code"]
    yellow = declare(person, contact="yes")["code"]
    changed = ("check", "unknown", ["changed"], "refresh")
    answer = door.scan(green)
    assert said(answer) == changed
    assert answer["holder"] == {"masked_name": mask_name(person.name)}
    declare(person)
    assert said(door.scan(yellow)) == changed


def test_a_status_we_do_not_know_is_revoked(core, new_door):
    now = clock.now()
    claims = Claims(uuid.uuid4(), "green", now, now + timedelta(seconds=120))
    answer = new_door().scan(sign_code(core.keys, claims))
    assert said(answer) == ("refuse", "unknown", ["revoked"], "supervisor")
    assert answer["holder"] is None


def test_the_scanners_clock_decides_nothing(declare, new_door, session, invent):
    code = declare(invent())["code"]
    answer = new_door().scan(code, scanned_at="2001-01-01T00:00:00+08:00")
    assert answer["verdict"] == "pass"
    scan = session.scalars(select(Scan).where(Scan.id == uuid.UUID(answer["scan_id"]))).one()
    assert scan.scanned_at == datetime(2000, 12, 31, 16, tzinfo=UTC)
    assert scan.at > clock.now() - timedelta(minutes=1)


@pytest.mark.parametrize(
    "moment",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-01-01T00:00:00", "now"],
)
def test_a_moment_no_clock_shows_is_an_error(new_door, moment):
    assert new_door().send("HB1:", scanned_at=moment).status_code == 422


def test_staff_of_one_venue_cannot_scan_for_another(declare, new_door, invent):
    code = declare(invent())["code"]
    one, other = new_door(), new_door("宜昌东站")
    foreign = one.send(code, venue_id=str(other.venue_id))
    unknown = one.send(code, venue_id=str(uuid.uuid4()))
    assert foreign.status_code == unknown.status_code == 404
    assert foreign.json["detail"] == unknown.json["detail"]
    assert foreign.json["code"] == unknown.json["code"] == "not_found"


def test_who_is_staff_nowhere_is_not_allowed(client, invent):
    person = invent()
    body = {"code": "HB1:", "venue_id": str(uuid.uuid4())}
    assert client.post(URL, json=body, headers=person.headers).status_code == 403
    assert client.get("/api/v1/verifier/venues", headers=person.headers).status_code == 403
    assert client.post(URL, json=body).status_code == 401


def test_membership_and_venue_end_at_once(new_door, session):
    door = new_door()
    door.scan("HB1:")
    member = session.get(VenueStaff, (door.venue_id, door.staff.actor.account))
    member.until = clock.now()
    session.commit()
    assert door.send("HB1:").status_code == 403
    member.until = None
    session.get(Venue, door.venue_id).active = False
    session.commit()
    assert door.send("HB1:").status_code == 403


def test_my_venues_are_listed(client, new_door):
    door = new_door("武昌站")
    answer = client.get("/api/v1/verifier/venues", headers=door.staff.headers)
    expected = {
        "id": str(door.venue_id),
        "name": "武昌站",
        "kind": "station",
        "address": "中北路1号",
    }
    assert answer.json == {"items": [expected], "next_cursor": None}


def test_a_retry_is_the_same_scan(declare, new_door, session, invent):
    door, person = new_door(), invent()
    code = declare(person)["code"]
    first = door.scan(code, client_scan_id="s1")
    declare(person, contact="yes")
    assert door.scan(code, client_scan_id="s1") == first
    assert door.scan(code, client_scan_id="s2")["reasons"] == ["changed"]
    assert session.scalar(select(func.count()).select_from(Scan)) == 2


def test_a_scan_number_given_to_another_code_is_refused(declare, new_door, invent):
    door, person = new_door(), invent()
    door.scan(declare(person)["code"], client_scan_id="s1")
    answer = door.send(declare(invent())["code"], client_scan_id="s1")
    assert (answer.status_code, answer.json["code"]) == (422, "client_scan_id_reused")
    assert mask_name(person.name) not in answer.get_data(as_text=True)


def test_two_venues_may_use_the_same_scan_number(declare, new_door, invent):
    code = declare(invent())["code"]
    scans = [new_door().scan(code, client_scan_id="1")["scan_id"] for _ in range(2)]
    assert len(set(scans)) == 2


def test_every_holder_shown_is_audited_once_and_nobody_else(declare, new_door, session, invent):
    door, person = new_door(), invent()
    code = declare(person)["code"]
    answers = [door.scan(code, client_scan_id="s1") for _ in range(2)]
    door.scan("HB1:nonsense")
    rows = select(AuditRow).where(AuditRow.action == "healthcode.verify")
    (row,) = session.scalars(rows).all()
    assert (row.actor_kind, row.actor_id) == ("verifier", door.staff.actor.account)
    assert row.subject_id == person.actor.person_id
    assert str(row.object_id) == answers[0]["scan_id"]


def test_i_see_who_scanned_me_newest_first_and_page_by_page(
    client, declare, new_door, invent, monkeypatch
):
    person, stranger = invent(), invent()
    doors = [new_door(f"第{number}医院") for number in range(5)]
    code = declare(person)["code"]
    # All in one instant, so that a page can end between two of the same time.
    instant = clock.now()
    monkeypatch.setattr(clock, "now", lambda: instant)
    for door in doors:
        door.scan(code)
    doors[0].scan(declare(stranger)["code"])
    seen, cursor = [], None
    for size in (2, 2, 1):
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = client.get("/api/v1/me/scans", query_string=query, headers=person.headers).json
        assert len(page["items"]) == size
        seen += page["items"]
        cursor = page["next_cursor"]
    assert cursor is None
    assert [item["venue"]["name"] for item in seen] == [f"第{n}医院" for n in (4, 3, 2, 1, 0)]
    assert set(seen[0]) == {"scan_id", "venue", "at", "verdict", "colour"}


def test_the_person_never_learns_which_staff_scanned(client, declare, new_door, invent):
    person, door = invent(), new_door()
    door.scan(declare(person)["code"])
    answer = client.get("/api/v1/me/scans", headers=person.headers)
    assert str(door.staff.actor.account) not in answer.get_data(as_text=True)


@pytest.mark.parametrize("cursor", ["x", "W10", "WzEsMl0", "WyIyMDI2LTAxLTAxIiwieCJd", "e30"])
def test_a_cursor_we_did_not_make_is_refused(client, invent, cursor):
    answer = client.get(
        "/api/v1/me/scans", query_string={"cursor": cursor}, headers=invent().headers
    )
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_cursor")


@pytest.mark.parametrize("client_scan_id", [None, "s1"])
def test_a_verification_costs_at_most_five_statements(
    declare, new_door, count_sql, invent, client_scan_id
):
    door = new_door()
    code = declare(invent())["code"]
    number = {"client_scan_id": client_scan_id} if client_scan_id else {}
    for _ in range(2):
        with count_sql() as statements:
            door.scan(code, **number)
        assert len(statements) <= 5, statements
