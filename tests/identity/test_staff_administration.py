"""Units, officers and roles: three administrators, two people for each of them, nobody for oneself."""

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from staffing import first_sign_in, held

from app.audit.models import AuditRow
from app.core import clock
from app.core.ids import new_id
from app.identity.staff.models import ADMINISTRATORS, ROLES, Officer, OfficerRole

BASE = "/api/v1/officer"
CHOSEN = "Wu-Chang 2027 tong"


@pytest.fixture
def system(invent_officer):
    return invent_officer("system_admin")


@pytest.fixture
def security(invent_officer):
    return invent_officer("security_admin")


def grant(client, by, officer, role, **more):
    path = f"{BASE}/officers/{officer.actor.officer}/roles"
    return client.post(path, json={"role": role, **more}, headers=by.headers)


def confirm(client, by, officer, role_id):
    path = f"{BASE}/officers/{officer.actor.officer}/roles/{role_id}/confirm"
    return client.post(path, headers=by.headers)


def roles_of(client, officer):
    shown = client.get(f"{BASE}/me", headers=officer.headers).get_json()
    return {role["role"] for role in shown["roles"]}


def command(app, *words):
    with app.app_context():
        return app.test_cli_runner().invoke(args=words)


def test_from_the_first_administrators_to_a_working_officer(app, client, session):
    admins = {}
    for role in ADMINISTRATORS:
        arguments = ["staff", "first-admin", "--name", "张三", "--role", role, "--login"]
        done, again = (command(app, *arguments, f"{which}.{role}") for which in ("first", "second"))
        assert done.exit_code == 0, done.output
        password = done.output.split()[-1]
        assert again.exit_code == 1
        assert "administrator already" in again.output
        admins[role] = signed_in(client, f"first.{role}", password)
    unit = client.post(
        f"{BASE}/units",
        json={"name": "武昌区政务服务中心", "kind": "window", "region": "420106000000"},
        headers=admins["system_admin"],
    ).get_json()
    new = {"login": "Window-7", "name": "李四", "unit_id": unit["id"]}
    made = client.post(f"{BASE}/officers", json=new, headers=admins["system_admin"])
    assert made.status_code == 201
    twice = client.post(f"{BASE}/officers", json=new, headers=admins["system_admin"])
    assert (twice.status_code, twice.get_json()["code"]) == (409, "login_taken")
    officer_id = made.get_json()["id"]
    path = f"{BASE}/officers/{officer_id}/roles"
    body = {"role": "window_officer"}
    assert client.post(path, json=body, headers=admins["system_admin"]).status_code == 403
    assert client.post(path, json=body, headers=admins["security_admin"]).status_code == 201
    mine = signed_in(client, "window-7", made.get_json()["first_password"])
    me = client.get(f"{BASE}/me", headers=mine).get_json()
    assert [role["role"] for role in me["roles"]] == ["window_officer"]
    sealed = session.scalar(select(Officer.name_sealed).where(Officer.login == "window-7"))
    assert "李四".encode() not in sealed


def signed_in(client, login, password):
    begun = client.post(f"{BASE}/sessions", json={"login": login, "password": password}).get_json()
    otp = pyotp.TOTP(begun["enrolment"]["totp_secret"]).now()
    body = {"challenge": begun["challenge"], "otp": otp, "new_password": CHOSEN}
    answer = client.post(f"{BASE}/sessions/second-factor", json=body)
    return {"Authorization": f"Bearer {answer.get_json()['access_token']}"}


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ADMINISTRATORS])
def test_a_working_role_counts_at_once_and_ends_at_once(client, security, invent_officer, role):
    officer = invent_officer()
    region = {"region": "420106001001"} if role == "village_agent" else {}
    granted = grant(client, security, officer, role, **region)
    assert granted.status_code == 201
    assert roles_of(client, officer) == {role}
    twice = grant(client, security, officer, role, **region)
    assert (twice.status_code, twice.get_json()["code"]) == (409, "role_held")
    path = f"{BASE}/officers/{officer.actor.officer}/roles/{granted.get_json()['id']}"
    assert client.delete(path, headers=security.headers).status_code == 204
    assert roles_of(client, officer) == set()
    assert client.delete(path, headers=security.headers).status_code == 404


def test_only_a_village_agent_has_a_region_and_each_has_one(client, security, invent_officer):
    officer = invent_officer()
    assert grant(client, security, officer, "village_agent").status_code == 422
    with_region = grant(client, security, officer, "case_officer", region="420106000000")
    assert with_region.status_code == 422


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_an_administrator_is_made_by_two_people(client, system, security, invent_officer, role):
    officer = invent_officer()
    proposed = grant(client, security, officer, role).get_json()
    assert proposed["confirmed_at"] is None
    assert roles_of(client, officer) == set()
    alone = confirm(client, security, officer, proposed["id"])
    assert (alone.status_code, alone.get_json()["code"]) == (403, "second_person_needed")
    assert confirm(client, officer, officer, proposed["id"]).status_code == 403
    assert confirm(client, system, officer, proposed["id"]).status_code == 204
    assert roles_of(client, officer) == {role}


def test_nobody_holds_two_of_the_three(client, security, invent_officer):
    tried = 0
    for one in ADMINISTRATORS:
        for other in ADMINISTRATORS:
            officer = invent_officer(one)
            answer = grant(client, security, officer, other)
            code = "role_held" if one == other else "administrators_apart"
            assert (answer.status_code, answer.get_json()["code"]) == (409, code)
            tried += 1
    assert tried == 9


def test_nobody_decides_about_themselves(client, system, security):
    mine = f"{BASE}/officers/{security.actor.officer}"
    own_role = client.get(mine, headers=security.headers).get_json()["roles"][0]["id"]
    for answer in (
        grant(client, security, security, "case_officer"),
        client.delete(f"{mine}/second-factor", headers=security.headers),
        client.delete(f"{mine}/roles/{own_role}", headers=security.headers),
        client.put(
            f"{BASE}/officers/{system.actor.officer}/state",
            json={"state": "locked"},
            headers=system.headers,
        ),
        client.post(f"{BASE}/officers/{system.actor.officer}/password", headers=system.headers),
    ):
        assert (answer.status_code, answer.get_json()["code"]) == (403, "not_oneself")


@pytest.mark.parametrize(
    "change",
    [
        lambda row, other: setattr(row, "granted_by", row.officer_id),
        lambda row, other: setattr(row, "ended_by", row.officer_id),
        lambda row, other: setattr(row, "confirmed_by", row.officer_id),
        lambda row, other: [
            setattr(row, "granted_by", other),
            setattr(row, "confirmed_by", other),
        ],
        # An administrator granted by one, confirmed by nobody, yet counting.
        lambda row, other: setattr(row, "granted_by", other),
        lambda row, other: setattr(row, "role", "superuser"),
        lambda row, other: setattr(row, "region_code", "420106000000"),
    ],
)
def test_the_database_itself_refuses_what_the_rules_forbid(session, invent_officer, change):
    officer = invent_officer()
    other = invent_officer().actor.officer
    row = held(session.get_one(Officer, officer.actor.officer), "audit_admin")
    change(row, other)
    session.add(row)
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_the_database_itself_keeps_the_three_apart(session, invent_officer):
    officer = invent_officer("system_admin")
    session.add(held(session.get_one(Officer, officer.actor.officer), "audit_admin"))
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_locking_leaving_and_coming_back(client, system, invent_officer):
    officer = invent_officer("case_officer")
    path = f"{BASE}/officers/{officer.actor.officer}/state"

    def move(state):
        return client.put(path, json={"state": state}, headers=system.headers)

    assert move("locked").get_json()["state"] == "locked"
    assert client.get(f"{BASE}/me", headers=officer.headers).status_code == 401
    assert move("active").status_code == 200
    # Sessions that a lock ended stay ended.
    assert client.get(f"{BASE}/me", headers=officer.headers).status_code == 401
    gone = move("left").get_json()
    assert (gone["state"], gone["roles"]) == ("left", [])
    assert (move("active").status_code, move("active").get_json()["code"]) == (
        409,
        "officer_has_left",
    )


def test_taking_an_account_over_needs_two_administrators(
    client, system, security, session, invent_officer
):
    officer = invent_officer("window_officer")
    _, done = first_sign_in(client, officer, CHOSEN)
    assert done.status_code == 201
    path = f"{BASE}/officers/{officer.actor.officer}"
    assert client.post(f"{path}/password", headers=security.headers).status_code == 403
    assert client.delete(f"{path}/second-factor", headers=system.headers).status_code == 403
    new = client.post(f"{path}/password", headers=system.headers).get_json()["first_password"]
    begin = {"login": officer.login, "password": new}
    begun = client.post(f"{BASE}/sessions", json=begin).get_json()
    # A new password alone: the old second factor is still asked for.
    assert (begun["must_change"], begun["enrolment"]) == (True, None)
    assert client.delete(f"{path}/second-factor", headers=security.headers).status_code == 204
    begun = client.post(f"{BASE}/sessions", json=begin).get_json()
    assert begun["enrolment"]["totp_secret"]
    acts = session.scalars(
        select(AuditRow.action).where(
            AuditRow.object_id == officer.actor.officer, AuditRow.actor_kind == "officer"
        )
    ).all()
    assert {"staff.password_reset", "staff.second_factor_reset"} <= set(acts)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "password", None),
        ("delete", "second-factor", None),
        ("put", "state", {"state": "locked"}),
    ],
)
def test_a_sign_in_half_done_ends_with_the_sessions(
    client, system, security, invent_officer, method, path, body
):
    officer = invent_officer("window_officer")
    secret, _ = first_sign_in(client, officer, CHOSEN)
    begin = {"login": officer.login, "password": CHOSEN}
    begun = client.post(f"{BASE}/sessions", json=begin).get_json()
    its = f"{BASE}/officers/{officer.actor.officer}"
    by = security if path == "second-factor" else system
    done = getattr(client, method)(f"{its}/{path}", json=body, headers=by.headers)
    assert done.status_code in (200, 201, 204)
    if path == "state":
        back = client.put(f"{its}/state", json={"state": "active"}, headers=system.headers)
        assert back.status_code == 200
    next_otp = pyotp.TOTP(secret).at(clock.now() + timedelta(seconds=30))
    answer = client.post(
        f"{BASE}/sessions/second-factor",
        json={"challenge": begun["challenge"], "otp": next_otp, "new_password": CHOSEN + "!"},
    )
    assert answer.status_code == 401


def test_a_role_somebody_held_stays_on_record(client, security, session, invent_officer):
    officer = invent_officer()
    granted = grant(client, security, officer, "case_officer").get_json()
    client.delete(
        f"{BASE}/officers/{officer.actor.officer}/roles/{granted['id']}", headers=security.headers
    )
    row = session.scalars(
        select(OfficerRole).where(OfficerRole.officer_id == officer.actor.officer)
    ).one()
    assert row.granted_by == row.ended_by == security.actor.officer
    assert row.ended_at <= clock.now()


def test_unknown_officers_units_and_roles_are_not_found(client, system, security, invent_officer):
    officer = invent_officer()
    unknown = new_id()
    assert confirm(client, system, officer, unknown).status_code == 404
    assert client.get(f"{BASE}/officers/{unknown}", headers=system.headers).status_code == 404
    body = {"login": "nobodys", "name": "王五", "unit_id": str(unknown)}
    answer = client.post(f"{BASE}/officers", json=body, headers=system.headers)
    assert (answer.status_code, set(answer.get_json()["errors"])) == (422, {"unit_id"})


def test_lists_of_units_and_officers_come_in_pages(client, system, invent_officer):
    made = [str(invent_officer().actor.officer) for _ in range(3)]
    seen, cursor = [], ""
    while cursor is not None:
        path = f"{BASE}/officers?limit=2" + (f"&cursor={cursor}" if cursor else "")
        page = client.get(path, headers=system.headers).get_json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen[-3:] == made
    assert len(set(seen)) == len(seen)
    units = client.get(f"{BASE}/units", headers=system.headers).get_json()
    assert [unit["name"] for unit in units["items"]] == ["测试窗口"]
