"""The callers of the access matrix, what the route table promises them, and one call of theirs."""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from guards.objects import Place, a_company, a_venue
from identity.organisation_support import Desk
from support import make_person

from api import guards
from app.core import clock
from app.core.db import unit_of_work
from app.core.ids import new_id
from app.core.types import LEVELS
from app.identity import sessions, tokens
from app.identity.models import Account, SessionFamily
from app.identity.sessions import Device
from app.identity.staff.models import ROLES

#: Refusals of the guard; everything else means: let in.
GATE = {
    "not_authenticated", "token_refused", "not_allowed", "step_up_required",
    "session_for_doors", "role_required", "acting_for_organisation", "acting_ended",
}  # fmt: skip


@dataclass(frozen=True)
class Caller:
    """Somebody who calls: what the guard knows of them, and what they send."""

    kind: str
    headers: dict[str, str]
    level: str | None = None
    roles: frozenset[str] = frozenset()
    verifier: bool = False
    at_door: bool = False
    acting: bool = False
    person: object = None


@pytest.fixture
def callers(core, client, invent, invent_officer, monkeypatch):
    """Every kind of actor, by name."""
    monkeypatch.setattr(guards, "PER_PERSON", 1_000_000)
    monkeypatch.setattr(guards, "PER_ADDRESS", 1_000_000)
    found = {"anonymous": Caller("anonymous", {})}
    for name in ("owner", "other", "face", "doorkeeper"):
        person = invent()
        found[name] = Caller("citizen", person.headers, "real_name", person=person)
    phone = invent(level="phone")
    found["phone"] = Caller("citizen", phone.headers, "phone", person=phone)
    keeper = found["doorkeeper"].person
    a_venue(Place(core, client), keeper)
    found["doorkeeper"] = Caller(
        "citizen", keeper.headers, "real_name", verifier=True, person=keeper
    )
    found["face"] = with_face(core, found["face"].person)
    found["door"] = at_the_door(core, client)
    found["organisation"] = for_a_company(core, client)
    for roles in ((), *((role,) for role in ROLES)):
        officer = invent_officer(*roles)
        name = roles[0] if roles else "officer"
        found[name] = Caller("officer", officer.headers, roles=frozenset(roles), person=officer)
    return found


def with_face(core, person):
    with unit_of_work(core) as session:
        account = session.get_one(Account, person.actor.account)
        granted = sessions.open_session(session, account, Device("face", "手机", "ios"))
        actor = tokens.read_access(core.keys, granted.access_token)
        session.flush()
        family = session.get_one(SessionFamily, actor.session_id)
        family.face_until = clock.now() + timedelta(minutes=30)
        raised = sessions.grant_anew(session, actor)
    return Caller("citizen", {"Authorization": f"Bearer {raised}"}, "face", person=person)


def for_a_company(core, client):
    person = make_person(core)
    headers = Desk(client).acting(person, a_company(Place(core, client), person))
    return Caller("citizen", headers, "real_name", acting=True, person=person)


def at_the_door(core, client):
    person = make_person(core)
    a_venue(Place(core, client), person)
    with unit_of_work(core) as session:
        account = session.get_one(Account, person.actor.account)
        device = Device("tablet", "门口平板", "ios", use="verifier")
        granted = sessions.open_session(session, account, device)
    assert tokens.read_access(core.keys, granted.access_token).use == "verifier"
    headers = {"Authorization": f"Bearer {granted.access_token}"}
    return Caller("citizen", headers, "real_name", verifier=True, at_door=True, person=person)


def expected(line, caller):
    """The guard's refusal that the route table promises, or None: let in."""
    if line.level in ("anonymous", "operator"):
        return None
    if caller.kind == "anonymous":
        return "not_authenticated"
    if line.audience == "officer":
        if caller.kind != "officer":
            return "token_refused"
        return "role_required" if line.roles and not caller.roles & set(line.roles) else None
    if caller.kind == "officer":
        return "token_refused"
    if caller.at_door and not line.at_doors:
        return "session_for_doors"
    if caller.acting and line.acts_for == "self":
        return "acting_for_organisation"
    if LEVELS.index(caller.level) < LEVELS.index(line.level):
        return "step_up_required"
    if line.audience == "verifier" and not caller.verifier:
        return "not_allowed"
    return None


@pytest.fixture
def call(client, core):
    """One call whose effects are taken back."""

    def send(method, path, caller, **more):
        undone = core.database.connection.begin_nested()
        try:
            answer = client.open(path, method=method, headers=caller.headers, **more)
        finally:
            undone.rollback()
        body = answer.get_json(silent=True)
        return answer.status_code, body if isinstance(body, dict) else {}

    return send


@pytest.fixture
def lines(app):
    """(method, rule, names of its parameters, line of the route table) of every route."""
    found = []
    for rule in app.url_map.iter_rules():
        line = app.view_functions[rule.endpoint].huiban_route
        names = re.findall(r"<(?:[^:<>]+:)?([^<>]+)>", rule.rule)
        found += [(method, rule.rule, names, line) for method in line.methods]
    return found


def path_of(rule, ids):
    ids = iter(ids)
    return re.sub(r"<[^>]+>", lambda _: str(next(ids)), rule)


def without_trace(body):
    return {name: value for name, value in body.items() if name != "trace_id"}


def own_foreign_unknown(rule, names, make, place, caller, stranger):
    """Paths of the three objects; a nested foreign one is another's below one's own."""
    own, foreign = make(place, caller), make(place, stranger)
    if len(names) == 1:
        return path_of(rule, [own]), path_of(rule, [foreign]), path_of(rule, [new_id()])
    return (
        path_of(rule, own),
        path_of(rule, [own[0], foreign[1]]),
        path_of(rule, [own[0], new_id()]),
    )
