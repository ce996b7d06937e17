"""The demonstration's officers sign in with what /demo/accounts says, and hold what they should."""

import pyotp

from app.core.db import unit_of_work
from app.identity.staff.models import ADMINISTRATORS
from scripts.environment import read_world
from scripts.seed_officers import seed_officers

SESSIONS = "/api/v1/officer/sessions"


def test_every_officer_of_the_demonstration_can_sign_in_and_holds_their_roles(core, client):
    world = read_world()
    for _ in range(2):
        with unit_of_work(core) as session:
            seed_officers(session, world)
    assert {entry["role"] for entry in world["officers"]} >= {
        *ADMINISTRATORS,
        "county_officer",
        "city_officer",
        "village_agent",
    }
    for entry in world["officers"]:
        body = {"login": entry["login"], "password": entry["password"]}
        begun = client.post(SESSIONS, json=body).get_json()
        assert (begun["must_change"], begun["enrolment"]) == (False, None)
        otp = pyotp.TOTP(entry["totp_secret"]).now()
        body = {"challenge": begun["challenge"], "otp": otp}
        token = client.post(f"{SESSIONS}/second-factor", json=body).get_json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        me = client.get("/api/v1/officer/me", headers=headers).get_json()
        assert {role["role"] for role in me["roles"]} == set(entry["roles"])
        assert me["name"] == entry["name"]
        if entry["role"] == "village_agent":
            assert me["roles"][0]["region"] == entry["unit"]["region"]
