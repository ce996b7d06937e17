"""Who is let in. The audience of a blueprint brings its guard; there is no route without one."""

import uuid
from dataclasses import replace
from ipaddress import ip_address

from flask import current_app, request

from api.context import world
from api.registry import Route
from app.core.db import Session
from app.core.errors import NotAllowed, NotAuthenticated, NotFound, StepUpRequired
from app.core.types import ANONYMOUS, Actor
from app.identity.errors import SessionForDoors
from app.identity.organisations.errors import ActingEnded, ActingForOrganisation
from app.identity.organisations.queries import right_of
from app.identity.sessions import authenticate
from app.identity.staff import sessions as staff_sessions
from app.identity.staff.errors import RoleRequired
from healthcode.venues import venues_of

#: Calls a minute, counted in each process (threats.md 23). Many people share one address.
PER_ADDRESS = 6_000
PER_PERSON = 240
#: A provider calls for everybody, from a handful of addresses.
PER_PROVIDER_ADDRESS = 30_000
#: Bytes of a provider's message; theirs are below 4 kB.
CALLBACK_BYTES = 64 * 1024


def limit_address() -> None:
    """Before anything else of every request, to an address we know or not. May refuse with 429."""
    view = current_app.view_functions.get(request.endpoint or "")
    route: Route | None = getattr(view, "huiban_route", None)
    provider = route is not None and route.audience == "callbacks"
    kind, most = ("provider", PER_PROVIDER_ADDRESS) if provider else ("address", PER_ADDRESS)
    world().core.first_line.check(kind, request.remote_addr or "unknown", most)


def admit(route: Route, session: Session) -> Actor:
    """The actor, if this route is for them.

    Raises `NotAuthenticated`, `NotAllowed`, `SessionForDoors`, `ActingForOrganisation`, `ActingEnded`,
    `StepUpRequired`, `TooManyRequests`; an
    operator's route looks absent to everybody else (`NotFound`).
    """
    if route.audience == "callbacks":
        request.max_content_length = CALLBACK_BYTES
    if route.level == "operator":
        _demand_operator(request.remote_addr or "unknown")
        return ANONYMOUS
    if route.level == "anonymous":
        return ANONYMOUS
    if route.level == "second_factor":
        return _as_officer(session, route)
    actor = authenticate(session, _bearer())
    session.core.first_line.check("person", str(actor.citizen_id), PER_PERSON)
    if actor.use == "verifier" and not route.at_doors:
        raise SessionForDoors
    if actor.organisation_id is not None:
        actor = _for_organisation(session, route, actor, actor.organisation_id)
    if actor.unproved and not route.before_proof:
        raise StepUpRequired(level="real_name", lasts_seconds=None)
    if not actor.reaches(route.level):
        seconds = session.core.settings.face_level_minutes * 60
        lasts = seconds if route.level == "face" else None
        raise StepUpRequired(level=route.level, lasts_seconds=lasts)
    if route.audience == "verifier":
        return _as_verifier(session, actor)
    return actor


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotAuthenticated
    return token


def _as_officer(session: Session, route: Route) -> Actor:
    """Roles are read per request too."""
    actor = staff_sessions.authenticate(session, _bearer())
    session.core.first_line.check("officer", str(actor.officer_id), PER_PERSON)
    if route.roles and actor.roles.isdisjoint(route.roles):
        raise RoleRequired
    return actor


def _for_organisation(
    session: Session, route: Route, actor: Actor, organisation_id: uuid.UUID
) -> Actor:
    """The right is read per request, so taking it away acts at once. Its scopes are the roles."""
    if route.acts_for == "any":
        return actor
    if route.acts_for == "self":
        raise ActingForOrganisation
    right = right_of(session, actor.person, organisation_id)
    if right is None:
        raise ActingEnded
    return replace(actor, roles=right.scopes)


def _as_verifier(session: Session, actor: Actor) -> Actor:
    """Membership is read per request, so taking it away acts at once."""
    venues = venues_of(session, actor.account)
    if not venues:
        raise NotAllowed
    return replace(actor, kind="verifier", roles=frozenset(str(venue) for venue in venues))


def _demand_operator(address: str) -> None:
    allowed = world().core.settings.metrics_allowed
    try:
        if ip_address(address).is_loopback or address in allowed:
            return
    except ValueError:
        pass
    raise NotFound
