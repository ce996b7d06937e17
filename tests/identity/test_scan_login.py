"""Sign-in by QR code: only the screen that began gets in, once, if a signed-in phone said yes."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from support import make_person, recorded

from app.core import clock
from app.core.db import unit_of_work
from app.core.ids import new_id
from app.identity import sessions, tokens
from app.identity.events import WayInChanged
from app.identity.models import Account
from app.identity.sessions import Device, Granted
from app.identity.ways import scan_login
from app.identity.ways.errors import ScanLoginOver
from app.identity.ways.models import ScanLogin
from push.jobs import tell_way_in_changed

SCANS = "/api/v1/auth/scan-logins"
SCREEN = {"id": "screen-1", "name": "政务大厅自助机", "platform": "android"}
HALL, HOME = "198.51.100.7", "203.0.113.9"


@pytest.fixture
def begin(client):
    def send(kind="kiosk", address=HALL, name="武昌区政务大厅 3 号机"):
        body = {"client": {"name": name, "kind": kind}}
        answer = client.post(SCANS, json=body, environ_base={"REMOTE_ADDR": address})
        assert answer.status_code == 201, answer.json
        return answer.json

    return send


@pytest.fixture
def poll(client):
    def send(scan, device=SCREEN, secret=None, **headers):
        body = {"poll_secret": secret or scan["poll_secret"], "device": device}
        return client.post(f"{SCANS}/{scan['id']}/claim", json=body, headers=headers)

    return send


@pytest.fixture
def phone(client):
    """`phone(person).look(scan)`, `.confirm(scan)`, `.decline(scan)`."""

    class Phone:
        def __init__(self, person):
            self.headers = person.headers

        def look(self, scan, address=HALL):
            there = {"REMOTE_ADDR": address}
            return client.get(f"{SCANS}/{scan['id']}", headers=self.headers, environ_base=there)

        def confirm(self, scan, number=None):
            body = {"number": number or scan["number"]}
            return client.post(f"{SCANS}/{scan['id']}/confirm", json=body, headers=self.headers)

        def decline(self, scan):
            return client.post(f"{SCANS}/{scan['id']}/decline", headers=self.headers)

    return Phone


def test_the_screen_gets_a_session_of_the_phones_account_once(begin, poll, phone, invent):
    person, scan = invent(), begin()
    waiting = poll(scan)
    assert (waiting.status_code, waiting.json) == (202, {"status": "waiting"})
    assert phone(person).confirm(scan).status_code == 204
    entered = poll(scan)
    assert entered.status_code == 201
    assert entered.json["citizen"]["id"] == str(person.actor.account)
    assert entered.json["citizen"]["level"] == "real_name"
    again = poll(scan)
    assert (again.status_code, again.json["code"]) == (410, "scan_login_over")


def test_the_qr_code_leads_to_our_own_page_and_holds_no_secret(begin, configured):
    scan = begin()
    assert scan["qr"] == f"{configured.public_url}/app/#/scan-login?id={scan['id']}"
    assert scan["poll_secret"] not in scan["qr"]
    assert scan["expires_in"] == 120


def test_the_phone_is_shown_what_waits_and_where(begin, phone, invent):
    scan = begin()
    shown = phone(invent()).look(scan).json
    assert shown["client"] == {"name": "武昌区政务大厅 3 号机", "kind": "kiosk"}
    assert (shown["network"], shown["same_network"]) == ("198.51.100.0/24", True)
    assert scan["number"] in shown["numbers"]
    assert len(set(shown["numbers"])) == 3


def test_a_relayed_qr_code_shows_another_network_and_demands_the_number(begin, phone, poll, invent):
    """Somebody begins at home and sends the QR code to a person in the hall."""
    person, scan = invent(), begin(address=HOME)
    shown = phone(person).look(scan, address=HALL).json
    assert shown["same_network"] is False
    wrong = next(each for each in shown["numbers"] if each != scan["number"])
    refused = phone(person).confirm(scan, wrong)
    assert (refused.status_code, refused.json["code"]) == (403, "scan_login_wrong_number")
    assert phone(person).confirm(scan).status_code == 409
    assert poll(scan).status_code == 410


def test_what_the_screen_calls_itself_is_sealed_and_so_is_its_network(begin, session):
    scan = begin(name="张三的电脑")
    row = session.get(ScanLogin, scan["id"])
    for column in (row.client_sealed, row.network_sealed):
        assert "张三".encode() not in column
        assert b"198.51" not in column
    assert scan["poll_secret"].encode() not in row.secret_hash


def test_nobody_claims_without_the_secret(begin, poll, phone, invent):
    scan, other = begin(), begin()
    assert phone(invent()).confirm(scan).status_code == 204
    for secret in (other["poll_secret"], "x" * 43, scan["id"]):
        answer = poll(scan, secret=secret)
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert poll(scan).status_code == 201


def test_ids_that_are_guessed_are_unknown(phone, poll, invent):
    person = invent()
    for _ in range(20):
        guess = {"id": str(new_id()), "number": "00", "poll_secret": "x" * 43}
        answers = [
            phone(person).look(guess),
            phone(person).confirm(guess),
            phone(person).decline(guess),
            poll(guess),
        ]
        assert {each.status_code for each in answers} == {404}


def test_another_account_can_do_nothing_once_somebody_confirmed(begin, poll, phone, invent):
    owner, other, scan = invent(), invent(), begin()
    assert phone(owner).confirm(scan).status_code == 204
    for act in (phone(other).look, phone(other).confirm, phone(other).decline):
        assert act(scan).status_code == 404
    assert poll(scan).json["citizen"]["id"] == str(owner.actor.account)


def test_confirming_twice_is_a_conflict(begin, phone, invent):
    person, scan = invent(), begin()
    assert phone(person).confirm(scan).status_code == 204
    answer = phone(person).confirm(scan)
    assert (answer.status_code, answer.json["code"]) == (409, "scan_login_not_open")


def test_a_declined_sign_in_is_over_also_after_a_yes(begin, poll, phone, invent):
    person = invent()
    declined, regretted = begin(), begin()
    assert phone(person).decline(declined).status_code == 204
    assert phone(person).confirm(declined).status_code == 409
    assert phone(person).confirm(regretted).status_code == 204
    assert phone(person).decline(regretted).status_code == 204
    assert [poll(declined).status_code, poll(regretted).status_code] == [410, 410]


def test_after_two_minutes_it_is_over_for_both_sides(begin, poll, phone, invent, monkeypatch):
    person, scan, confirmed = invent(), begin(), begin()
    assert phone(person).confirm(confirmed).status_code == 204
    later = clock.now() + scan_login.LIFE
    monkeypatch.setattr(clock, "now", lambda: later)
    assert phone(person).look(scan).status_code == 410
    assert phone(person).confirm(scan).status_code == 410
    assert poll(scan).status_code == 410
    assert poll(confirmed).status_code == 410


def test_a_phone_signed_out_meanwhile_lets_nobody_in(begin, poll, phone, invent, client):
    person, scan = invent(), begin()
    assert phone(person).confirm(scan).status_code == 204
    signed_out = client.delete("/api/v1/auth/sessions/current", headers=person.headers)
    assert signed_out.status_code == 204
    assert poll(scan).status_code == 410


def test_the_screen_never_gets_a_higher_level_than_the_phone_had(
    begin, poll, phone, core, invent, session
):
    person = invent()
    as_phone = tokens.issue_access(
        core.keys,
        tokens.Actor(
            "citizen",
            citizen_id=person.actor.account,
            session_id=person.actor.session_id,
            level="phone",
        ),
        clock.now(),
    )
    weak = phone(person)
    weak.headers = {"Authorization": f"Bearer {as_phone}"}
    scan = begin()
    assert weak.confirm(scan).status_code == 204
    assert poll(scan).status_code == 410


def test_a_face_shown_on_the_phone_is_not_the_screens(begin, poll, phone, invent, session):
    person, scan = invent(), begin()
    soon = clock.now() + timedelta(minutes=10)
    session.execute(text("UPDATE session_families SET face_until = :at"), {"at": soon})
    session.commit()
    assert phone(person).confirm(scan).status_code == 204
    assert poll(scan).json["citizen"]["level"] == "real_name"


def test_a_door_session_confirms_nothing(begin, core, phone, invent, session):
    person, scan = invent(), begin()
    account = session.get_one(Account, person.actor.account)
    door = sessions.open_session(session, account, Device("door", "门口", "ios", use="verifier"))
    session.commit()
    weak = phone(person)
    weak.headers = {"Authorization": f"Bearer {door.access_token}"}
    answer = weak.confirm(scan)
    assert (answer.status_code, answer.json["code"]) == (403, "session_for_doors")


def test_a_web_page_gets_its_token_as_cookie_and_only_on_our_own_pages(
    begin, poll, phone, invent, configured
):
    person, scan = invent(), begin(kind="web")
    page = {"id": "browser-1", "name": "浏览器", "platform": "h5"}
    assert phone(person).confirm(scan).status_code == 204
    assert poll(scan, page).status_code == 403
    entered = poll(scan, page, Origin=configured.public_url)
    assert entered.status_code == 201
    assert entered.json["refresh_token"] is None
    assert "HttpOnly" in entered.headers["Set-Cookie"]


def test_the_owner_is_told_of_the_new_device(begin, poll, phone, invent, session, world, client):
    person, scan = invent(), begin()
    phone(person).confirm(scan)
    assert poll(scan).status_code == 201
    (payload,) = recorded(session, WayInChanged)
    tell_way_in_changed.run(world, **payload)
    (notice,) = client.get("/api/v1/notices", headers=person.headers).json["items"]
    assert (notice["category"], notice["title"]) == ("security", "扫码登录了新设备")


def test_beginning_is_limited_by_address(begin, client, monkeypatch):
    monkeypatch.setattr(scan_login, "PER_ADDRESS_HOUR", scan_login.Quota("few", 3, 3_600))
    for _ in range(3):
        begin()
    body = {"client": {"name": "x", "kind": "web"}}
    answer = client.post(SCANS, json=body, environ_base={"REMOTE_ADDR": HALL})
    assert answer.status_code == 429
    begin(address=HOME)


def test_what_is_old_is_forgotten(begin, session, monkeypatch):
    begin()
    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert scan_login.forget_old(session) == 1
    assert session.scalars(select(ScanLogin)).all() == []


def test_of_many_claims_at_once_one_gets_in(live_core):
    person = make_person(live_core)
    with unit_of_work(live_core) as session:
        started = scan_login.start(session, "网页", "web", HALL)
    with unit_of_work(live_core) as session:
        assert scan_login.confirm(session, person.actor, started.scan_id, started.number) is None
    start = threading.Barrier(8)

    def claim(number):
        start.wait()
        device = Device(f"screen-{number}", "网页", "android")
        try:
            with unit_of_work(live_core) as session:
                return type(scan_login.claim(session, started.scan_id, started.secret, device))
        except Exception as error:
            return type(error)

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(claim, range(8)))
    assert outcomes.count(Granted) == 1, outcomes
    assert {each.__name__ for each in outcomes} <= {"Granted", "ScanLoginOver", "OperationalError"}
    assert ScanLoginOver in outcomes


def test_a_kiosks_session_ends_after_a_quarter_of_an_hour_however_much_it_is_used(
    begin, poll, phone, invent, client, monkeypatch
):
    now, person = clock.now(), invent()
    at_home = begin(kind="web")
    phone(person).confirm(at_home)
    assert poll(at_home, device={**SCREEN, "id": "at-home"}).json["ends_at"] is None
    scan = begin(kind="kiosk")
    phone(person).confirm(scan)
    entered = poll(scan).json
    assert datetime.fromisoformat(entered["ends_at"]) - now < timedelta(minutes=16)
    token = entered["refresh_token"]
    for minutes, status in ((14, 200), (16, 401)):
        later = now + timedelta(minutes=minutes)
        monkeypatch.setattr(clock, "now", lambda later=later: later)
        answer = client.post("/api/v1/auth/sessions/refresh", json={"refresh_token": token})
        assert answer.status_code == status, minutes
        token = answer.json.get("refresh_token")
