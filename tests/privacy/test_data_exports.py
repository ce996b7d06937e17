"""A copy of my data: asked for with a fresh code, built by a job, mine alone, gone after a week."""

import dataclasses
import io
import json
import os
import time
import uuid
import zipfile
from datetime import timedelta

import pytest
from health_support import HEALTHY
from sqlalchemy import select, text

from app.audit.models import Destruction
from app.core import clock, files
from app.core.db import unit_of_work
from app.core.files import FilesUnavailable, StoredFile
from app.identity import login_codes
from app.identity.login_codes import Asker
from app.identity.models import Account, LoginCode
from app.privacy import archive, exports
from app.privacy.jobs import destroy_exports
from app.privacy.models import DataExport
from app.privacy.parts import Section, erase_everywhere
from composition import PARTS, TASKS
from migrations.models import metadata

URL = "/api/v1/me/data-exports"


@pytest.fixture
def world(world, tmp_path):
    """A world with a folder for files of its own."""
    settings = dataclasses.replace(world.core.settings, files_root=tmp_path / "files")
    return dataclasses.replace(world, core=dataclasses.replace(world.core, settings=settings))


@pytest.fixture
def code_for(core):
    """`code_for(person)`: a code sent for this purpose."""

    def send(person, purpose="export"):
        with unit_of_work(core) as session:
            login_codes.request_code(session, purpose, Asker(person.phone, "192.0.2.1"))
        with unit_of_work(core) as session:
            newest = select(LoginCode).order_by(LoginCode.id.desc()).limit(1)
            return login_codes.derive(session, session.scalars(newest).one())

    return send


@pytest.fixture
def ask(client):
    return lambda person, code: client.post(URL, json={"code": code}, headers=person.headers)


def task(name):
    return next(each for each in TASKS if each.name == name)


@pytest.fixture
def tickets():
    """The newest ticket of each export."""
    return {}


@pytest.fixture
def built(world, ask, code_for, tickets):
    """`built(person)`: id of an export that is ready."""

    def make(person):
        answer = ask(person, code_for(person))
        assert answer.status_code == 202, answer.json
        task(exports.BUILD_TASK).run(world, export_id=answer.json["id"])
        tickets[answer.json["id"]] = answer.json["ticket"]
        return answer.json["id"]

    return make


@pytest.fixture
def fetch(client, tickets):
    def send(person, export_id, ticket=None):
        query = {"ticket": ticket or tickets.get(export_id, "none")}
        path = f"{URL}/{export_id}/file"
        return client.get(path, query_string=query, headers=person.headers)

    return send


@pytest.fixture
def prove(client):
    """Prove anew who one is, for another ticket."""

    def send(person, export_id, code):
        path = f"{URL}/{export_id}/tickets"
        return client.post(path, json={"code": code}, headers=person.headers)

    return send


def stored(world):
    return list(world.core.settings.files_root.glob("??/*"))


def test_everything_i_gave_comes_back_readable_and_for_machines(
    stubs, world, client, invent, built, fetch
):
    me = invent()
    client.put("/api/v1/health-code/declaration", json=HEALTHY, headers=me.headers)
    client.post("/api/v1/me/consents/face", json={"notice_version": 1}, headers=me.headers)
    answer = fetch(me, built(me))
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as taken:
        assert taken.testzip() is None
        data = json.loads(taken.read("data.json"))
        page = taken.read("index.html").decode()
        assert {f"{name}.csv" for name in data} | {"data.json", "index.html"} == set(
            taken.namelist()
        )
    assert data["account"][0]["phone"] == me.phone
    assert data["person"][0]["document_number"] == me.document_number
    assert data["declarations"][0]["temperature_c"] == 36.5
    assert {each["purpose"] for each in data["consents"]} == {"face", "health_code"}
    for word in (me.name, me.document_number, me.phone, "健康申报"):
        assert word in page


def test_what_lies_on_the_disk_and_in_the_job_shows_nothing(session, world, invent, built):
    me = invent()
    built(me)
    (path,) = stored(world)
    content = path.read_bytes()
    assert not content.startswith(b"PK")
    for secret in (me.name, me.document_number, me.phone):
        assert secret.encode() not in content
    assert path.stat().st_mode & 0o077 == 0
    jobs = str(session.execute(text("SELECT args FROM procrastinate_jobs")).all())
    assert me.phone not in jobs
    assert me.document_number not in jobs


def test_an_export_is_its_owners_alone_and_a_strangers_is_unknown(client, invent, built, fetch):
    me, stranger = invent(), invent()
    export_id = built(me)
    unknown = fetch(stranger, uuid.uuid4())
    foreign = fetch(stranger, export_id)
    assert (unknown.status_code, foreign.status_code) == (404, 404)
    assert {**unknown.json, "trace_id": 0} == {**foreign.json, "trace_id": 0}
    shown = client.get(f"{URL}/{export_id}", headers=stranger.headers)
    assert shown.status_code == 404
    assert client.get(URL, headers=stranger.headers).json["items"] == []
    (mine,) = client.get(URL, headers=me.headers).json["items"]
    assert (mine["id"], mine["state"]) == (export_id, "ready")


def test_only_a_fresh_code_for_this_very_purpose_opens_it(
    client, session, invent, ask, code_for, monkeypatch
):
    me, other = invent(), invent()
    refused = (422, "code_refused")

    def outcome(person, code):
        answer = ask(person, code)
        return answer.status_code, answer.json.get("code")

    code = code_for(me, "login")
    assert outcome(me, code) == refused
    theirs = code_for(other)
    assert outcome(me, theirs) == refused
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=2))
    mine = code_for(me)
    wrong = f"{(int(mine) + 1) % 1_000_000:06d}"
    assert outcome(me, wrong) == refused
    assert session.scalar(select(LoginCode.known_tries).order_by(LoginCode.id.desc())) == 1
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=8))
    assert outcome(me, mine) == refused
    fresh = code_for(me)
    assert outcome(me, fresh)[0] == 202
    assert outcome(me, fresh) == refused


def test_a_session_alone_fetches_nothing(client, invent, built, fetch):
    me = invent()
    export_id = built(me)
    for query in ({}, {"ticket": "A" * 43}):
        answer = client.get(f"{URL}/{export_id}/file", query_string=query, headers=me.headers)
        assert (answer.status_code, answer.json["code"]) == (403, "ticket_refused")
    assert fetch(me, export_id).status_code == 200


def test_a_ticket_fetches_its_own_export_three_times_within_ten_minutes(
    invent, built, fetch, tickets, monkeypatch
):
    me, other = invent(), invent()
    mine, theirs = built(me), built(other)
    assert fetch(me, mine, tickets[theirs]).status_code == 403
    assert fetch(other, mine, tickets[mine]).status_code == 404
    answers = [fetch(me, mine).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 403]
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + exports.TICKET_LIFE)
    assert fetch(other, theirs).status_code == 403


def test_a_fresh_code_gives_another_ticket_and_ends_the_former(
    invent, built, fetch, prove, code_for, tickets, monkeypatch, session
):
    me = invent()
    export_id = built(me)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=1))
    refused = prove(me, export_id, code_for(me, "login"))
    assert (refused.status_code, refused.json["code"]) == (422, "code_refused")
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(hours=1, minutes=2))
    code = code_for(me)
    given = prove(me, export_id, code)
    assert given.status_code == 201, given.json
    assert prove(me, export_id, code).status_code == 422
    assert fetch(me, export_id, tickets[export_id]).status_code == 403
    assert fetch(me, export_id, given.json["ticket"]).status_code == 200
    row = session.get(DataExport, uuid.UUID(export_id), populate_existing=True)
    assert given.json["ticket"].encode() not in row.ticket_digest


def test_a_strangers_export_gives_no_ticket_and_costs_no_code(invent, built, prove, code_for, ask):
    me, stranger = invent(), invent()
    export_id, code = built(me), code_for(stranger)
    for wanted in (export_id, uuid.uuid4()):
        assert prove(stranger, wanted, code).status_code == 404
    asked = ask(stranger, code)
    assert asked.status_code == 202, asked.json


def test_a_code_for_an_export_signs_nobody_in(client, invent, code_for):
    me = invent()
    device = {"id": "d", "name": "机", "platform": "ios"}
    body = {"phone": me.phone, "code": code_for(me), "device": device}
    answer = client.post("/api/v1/auth/sessions", json=body)
    assert (answer.status_code, answer.json["code"]) == (401, "login_refused")


def test_building_twice_and_after_a_kill_makes_one_file(world, invent, ask, code_for):
    me = invent()
    export_id = ask(me, code_for(me)).json["id"]
    with world.core.session() as session:
        exports.build(session, PARTS, uuid.UUID(export_id))
        # The worker dies before the commit: a file lies there without a row.
        session.rollback()
    (orphan,) = stored(world)
    for _ in range(2):
        task(exports.BUILD_TASK).run(world, export_id=export_id)
    assert len(stored(world)) == 2
    old = time.time() - 2 * files.YOUNG
    for path in stored(world):
        os.utime(path, (old, old))
    with unit_of_work(world.core) as session:
        assert files.sweep(session) == 1
    assert not orphan.exists()
    assert len(stored(world)) == 1


def test_an_export_whose_job_was_lost_is_built_all_the_same(
    world, client, invent, ask, code_for, monkeypatch
):
    me = invent()
    ask(me, code_for(me))
    sweep = task("privacy.build_exports_left")
    sweep.run(world)
    now = clock.now()
    assert client.get(URL, headers=me.headers).json["items"][0]["state"] == "requested"
    monkeypatch.setattr(clock, "now", lambda: now + exports.LATE + timedelta(seconds=1))
    sweep.run(world)
    assert client.get(URL, headers=me.headers).json["items"][0]["state"] == "ready"


def test_after_a_week_it_is_destroyed_and_that_is_recorded(
    session, world, client, invent, built, fetch, monkeypatch
):
    me = invent()
    export_id = built(me)
    destroy_exports.run(world)
    assert fetch(me, export_id).status_code == 200
    for path in stored(world):
        old = time.time() - 2 * files.YOUNG
        os.utime(path, (old, old))
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + exports.LIFE + timedelta(seconds=1))
    destroy_exports.run(world)
    row = session.get(DataExport, uuid.UUID(export_id), populate_existing=True)
    assert (row.state, row.file_id) == ("destroyed", None)
    assert stored(world) == []
    (record,) = session.scalars(select(Destruction))
    assert (record.table_name, record.count) == ("data_exports", 1)
    # Nobody reads an id from it.
    assert record.digest not in (row.id.bytes, bytes(16))
    destroy_exports.run(world)
    assert len(session.scalars(select(Destruction)).all()) == 1
    monkeypatch.setattr(clock, "now", lambda: now)
    assert fetch(me, export_id).status_code == 404


def test_a_file_that_was_changed_is_not_handed_out(world, invent, built, fetch):
    me = invent()
    export_id = built(me)
    (path,) = stored(world)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert fetch(me, export_id).status_code == 503
    with unit_of_work(world.core) as session:
        row = session.scalars(select(StoredFile)).one()
        with pytest.raises(FilesUnavailable):
            files.read(session, row.id)


def test_three_a_day(invent, ask, code_for, monkeypatch):
    me = invent()
    now = clock.now()
    for number in range(4):
        monkeypatch.setattr(clock, "now", lambda n=number: now + timedelta(seconds=61 * n))
        answer = ask(me, code_for(me))
    assert (answer.status_code, answer.json["code"]) == (429, "too_many_requests")


def test_no_cell_becomes_a_formula_and_no_name_becomes_markup():
    rows = [{"name": "=1+1", "other": "<script>x</script>"}, {"name": None, "other": ["a", "b"]}]
    packed = archive.pack([Section("odd", "怪", "Odd", rows)], clock.now())
    with zipfile.ZipFile(io.BytesIO(packed)) as taken:
        table, page = taken.read("odd.csv").decode(), taken.read("index.html").decode()
    assert "'=1+1" in table
    assert '"a, b"' in table
    assert "<script>" not in page


#: Tables with somebody's id that no export covers, and why.
NOT_EXPORTED = {
    "account_closures": "an account that waits to be closed is signed out everywhere",
    "account_face_proofs": "a check under way, forgotten after a day",
    "mandate_face_checks": "a check under way, forgotten after a day",
    "venue_staff": "work for a venue, not a person's own data",
    "openid_logout_notices": "messages between sites, gone when they are delivered",
}
PEOPLE = ("accounts", "persons")
OF_SOMEBODY = ("account_id", "person_id", "phone_index", "citizen_id")


def test_every_table_with_somebodys_data_is_exported_or_says_why_not():
    with_data = {
        table.name
        for table in metadata.sorted_tables
        if any(column.name.endswith(OF_SOMEBODY) for column in table.columns)
        or any(key.column.table.name in PEOPLE for key in table.foreign_keys)
    }
    exported = {name for part in PARTS for name in part.tables}
    forgotten = with_data - exported - set(NOT_EXPORTED)
    assert not forgotten, f"name these in a Part of composition.PARTS, or here: {forgotten}"
    assert exported <= set(metadata.tables)


def test_erasing_leaves_what_must_be_kept_and_says_so(stubs, session, client, invent):
    me = invent()
    client.put("/api/v1/health-code/declaration", json=HEALTHY, headers=me.headers)
    for _ in range(2):
        kept = erase_everywhere(session, PARTS, me.actor.account, me.actor.person)
    session.commit()
    assert {each.law[:2] for each in kept} >= {"会计", "民法"}
    assert all(each.zh and each.en and each.law for each in kept)
    assert session.get(Account, me.actor.account) is not None
    session.core.freshness.read_once()
    answer = client.post("/api/v1/auth/sessions/refresh", json={"refresh_token": me.refresh_token})
    assert answer.status_code == 401
