"""Staff at the same moment, and what a new password leaves of older sessions."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyotp
import pytest
from staffing import first_sign_in, make_officer

from app.connectors.world import build_world
from app.core import clock
from app.core.db import unit_of_work
from app.identity.staff.models import Officer
from composition import web_app

BASE = "/api/v1/officer"
FIRST, SECOND = "Wu-Chang 2027 tong", "Han-Kou 2028 qiao"


def test_of_many_who_make_the_same_login_one_succeeds_and_the_others_are_told(live_core):
    system = make_officer(live_core, "system_admin")
    with unit_of_work(live_core) as session:
        unit_id = str(session.get_one(Officer, system.actor.officer).unit_id)
    app = web_app(replace(build_world(live_core, waiters=4)))
    body = {"login": "same.post", "name": "张三", "unit_id": unit_id}

    def make(_):
        made = app.test_client().post(f"{BASE}/officers", json=body, headers=system.headers)
        return made.status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(make, range(12)))
    assert statuses.count(201) == 1
    assert set(statuses) <= {201, 409, 503}, statuses


@pytest.mark.parametrize("anew", [True, False])
def test_an_officer_who_chooses_a_new_password_is_signed_out_elsewhere(
    client, invent_officer, anew
):
    officer = invent_officer("window_officer")
    secret, elsewhere = first_sign_in(client, officer, FIRST)
    begin = {"login": officer.login, "password": FIRST}
    begun = client.post(f"{BASE}/sessions", json=begin).get_json()
    answer = {
        "challenge": begun["challenge"],
        "otp": pyotp.TOTP(secret).at(clock.now().timestamp() + 30),
        "new_password": SECOND if anew else None,
    }
    answer = {name: value for name, value in answer.items() if value is not None}
    here = client.post(f"{BASE}/sessions/second-factor", json=answer)
    assert here.status_code == 201
    seen = [
        client.get(f"{BASE}/me", headers={"Authorization": f"Bearer {each['access_token']}"})
        for each in (here.get_json(), elsewhere.get_json())
    ]
    assert [each.status_code for each in seen] == [200, 401 if anew else 200]
