"""What belongs to the present request: the world, the session, the actor."""

from collections.abc import Callable
from typing import cast

from flask import Response, current_app, g

from app.connectors.world import World
from app.core.db import Session
from app.core.types import Actor

EXTENSION = "huiban"


def world() -> World:
    """The process's core and outside parties."""
    return cast(World, current_app.extensions[EXTENSION])


def session() -> Session:
    """The request's session. The edge commits it when the view has returned."""
    return cast(Session, g.session)


def finish(step: Callable[[Response], None]) -> None:
    """Do something to the answer once its effect is committed: a failed commit must not reach it."""
    g.setdefault("finishing", []).append(step)


def actor() -> Actor:
    """Who is asking."""
    return cast(Actor, g.actor)
