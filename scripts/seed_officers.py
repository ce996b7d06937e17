"""Officers of the demonstration, made through the same services as everybody's. Safe to repeat."""

from typing import Any

from sqlalchemy import select

from app.core.db import Session
from app.core.types import SYSTEM, Actor
from app.identity import passwords
from app.identity.staff import roles, second_factor, services
from app.identity.staff.models import ADMINISTRATORS, Officer, Unit


def seed_officers(session: Session, world: dict[str, Any]) -> None:
    """The first administrators, then the officers they make and give roles to."""
    administrators: dict[str, Actor] = {}
    for entry in world["officers"]:
        role = entry["role"]
        officer = session.scalar(select(Officer).where(Officer.login == entry["login"]))
        is_new = officer is None
        if officer is None:
            officer = _make(session, entry, administrators.get("system_admin", SYSTEM))
        if role in ADMINISTRATORS:
            administrators[role] = Actor("officer", officer_id=officer.id)
        if is_new:
            _give_roles(session, officer, entry, administrators.get("security_admin"))


def _make(session: Session, entry: dict[str, Any], by: Actor) -> Officer:
    where = entry["unit"]
    unit = session.scalar(select(Unit).where(Unit.name == where["name"]))
    if unit is None:
        new = services.NewUnit(where["name"], where["kind"], where["region"])
        unit = services.make_unit(session, new, by)
    made = services.NewOfficer(entry["login"], entry["name"], unit.id)
    officer, _ = services.make_officer(session, made, by)
    # What their first sign-in would have set.
    officer.password_hash = passwords.hash_password(entry["password"])
    officer.must_change = False
    second_factor.enrol(session, officer, entry["totp_secret"], 0)
    return officer


def _give_roles(
    session: Session, officer: Officer, entry: dict[str, Any], by: Actor | None
) -> None:
    for role in entry["roles"]:
        if role in ADMINISTRATORS or by is None:
            roles.appoint_first(session, officer.id, role)
        else:
            region = entry["unit"]["region"] if role == "village_agent" else None
            roles.grant(session, by, officer.id, roles.NewRole(role, region))
