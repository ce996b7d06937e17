"""The audit administrator's calls: searching the trail with a reason, and how far it is sealed."""

from datetime import UTC, datetime, time, timedelta

import pytest
from staffing import make_officer
from trails import leave, seal, sign

from app.audit.heads import newest_heads
from app.audit.services import act_of, record
from app.connectors.world import build_world
from app.core import clock
from app.core.db import unit_of_work
from app.core.ids import new_id
from composition import web_app

BASE = "/api/v1/officer"


def test_only_the_audit_administrator_reads_the_audit_and_leaves_a_trace_with_the_reason(
    client, invent_officer
):
    auditor, officer, security, system = (
        invent_officer(*roles)
        for roles in (("audit_admin",), (), ("security_admin",), ("system_admin",))
    )
    granted = f"{BASE}/officers/{officer.actor.officer}/roles"
    client.post(granted, json={"role": "case_officer"}, headers=security.headers)
    path = f"{BASE}/audit?reason=complaint&object={officer.actor.officer}"
    for other in (system, security, officer):
        assert client.get(path, headers=other.headers).status_code == 403
    found = client.get(path, headers=auditor.headers).get_json()["items"]
    assert [(each["action"], each["reason"]) for each in found][:1] == [
        ("staff.role_granted", "case_officer")
    ]
    assert found[0]["actor"] == str(security.actor.officer)
    assert client.post(f"{BASE}/units", json={}, headers=auditor.headers).status_code == 403
    path = f"{BASE}/audit?reason=inspection&action=audit.search&limit=1"
    looked = client.get(path, headers=auditor.headers).get_json()["items"][0]
    assert (looked["actor"], looked["reason"]) == (str(auditor.actor.officer), "complaint")


@pytest.mark.parametrize("query", ["", "?reason=curiosity", "?reason=request&last_day=9999-12-31"])
def test_nobody_looks_through_the_audit_without_a_reason_that_is_known(
    client, invent_officer, query
):
    auditor = invent_officer("audit_admin")
    assert client.get(f"{BASE}/audit{query}", headers=auditor.headers).status_code == 422


def test_the_audit_is_searched_by_legal_days(client, core, monkeypatch, invent_officer):
    auditor = invent_officer("audit_admin")
    today = clock.legal_today()
    midnight = datetime.combine(today, time.min, clock.SHANGHAI)
    ids = {at: new_id() for at in (midnight - timedelta(seconds=1), midnight)}
    for at, row_id in ids.items():
        with unit_of_work(core) as session, monkeypatch.context() as patched:
            patched.setattr(clock, "now", lambda moment=at: moment.astimezone(UTC))
            record(session, act_of(auditor.actor, "staff.unit_made", object_id=row_id))
    yesterday, morning = (str(row_id) for row_id in ids.values())

    def found(days):
        path = f"{BASE}/audit?reason=inspection&action=staff.unit_made&limit=100{days}"
        items = client.get(path, headers=auditor.headers).get_json()["items"]
        return {each["object"] for each in items} & {yesterday, morning}

    assert found("") == {yesterday, morning}
    assert found(f"&first_day={today}") == {morning}
    assert found(f"&last_day={today - timedelta(days=1)}") == {yesterday}


def test_the_audit_administrator_sees_how_far_the_trail_is_sealed_and_signed(live_core):
    world = build_world(live_core, waiters=4)
    live_client = web_app(world).test_client()
    auditor, other = (make_officer(live_core, role) for role in ("audit_admin", "system_admin"))
    path = f"{BASE}/audit/state"
    assert live_client.get(path, headers=other.headers).status_code == 403
    before = live_client.get(path, headers=auditor.headers).get_json()
    assert (before["signed"], before["chain"]) == (None, None)
    leave(live_core, 5)
    sealed = seal(live_core)
    sign(live_core)
    with unit_of_work(live_core) as session:
        newest = newest_heads(session, 1)[0]
    state = live_client.get(path, headers=auditor.headers).get_json()
    assert state["sealed"] == state["signed"] == sealed >= 5
    assert (state["kid"], state["chain"]) == (newest.kid, newest.chain.hex())
    world.close_parties()
