"""Invented officers for tests: signed in, with the roles asked for."""

from __future__ import annotations

import dataclasses
import itertools

import pyotp
from sqlalchemy import select

from app.core import clock
from app.core.db import Session, unit_of_work
from app.core.ids import new_id
from app.core.runtime import Core
from app.core.types import Actor
from app.identity.staff import services, sessions
from app.identity.staff.models import Officer, OfficerRole, Role, Unit

_numbers = itertools.count(1)
REGION = "420106000000"


@dataclasses.dataclass(frozen=True)
class InventedOfficer:
    """An invented officer who has signed in. `password` is their first one, still to be changed."""

    actor: Actor
    login: str
    name: str
    password: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        """What a signed-in client sends."""
        return {"Authorization": f"Bearer {self.access_token}"}


def make_officer(core: Core, *roles: Role) -> InventedOfficer:
    """A new invented officer of the tests' unit, with these roles and an open session on `core`."""
    number = next(_numbers)
    login, name = f"post{number:04d}", "职员" + chr(0x4E00 + number % 20_000)
    with unit_of_work(core) as session:
        new = services.NewOfficer(login, name, unit_of_tests(session))
        officer, password = services.make_officer(session, new)
        for role in roles:
            session.add(held(officer, role))
        session.flush()
        granted = sessions.open_session(session, officer, None, browser=False)
        actor = sessions.authenticate(session, granted.access_token)
    return InventedOfficer(
        actor, login, name, password, granted.access_token, granted.refresh_token
    )


def unit_of_tests(session: Session):
    """The unit all invented officers work for."""
    found = session.scalar(select(Unit.id).where(Unit.name == "测试窗口"))
    return found or services.make_unit(session, services.NewUnit("测试窗口", "window", REGION)).id


def held(officer: Officer, role: Role) -> OfficerRole:
    """A role that counts; as a row, since most tests are not about who may grant it."""
    at = clock.now()
    return OfficerRole(
        id=new_id(),
        officer_id=officer.id,
        role=role,
        region_code=REGION if role == "village_agent" else None,
        granted_by=None,
        granted_at=at,
        confirmed_by=None,
        confirmed_at=at,
        ended_by=None,
        ended_at=None,
    )


def first_sign_in(client, officer: InventedOfficer, new_password: str, **more):
    """Both steps over HTTP for an officer who has not enrolled; returns (secret, answer)."""
    body = {"login": officer.login, "password": officer.password}
    begun = client.post("/api/v1/officer/sessions", json=body).get_json()
    secret = begun["enrolment"]["totp_secret"]
    answer = client.post(
        "/api/v1/officer/sessions/second-factor",
        json={
            "challenge": begun["challenge"],
            "otp": pyotp.TOTP(secret).now(),
            "new_password": new_password,
            **more,
        },
    )
    return secret, answer
