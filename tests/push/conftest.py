"""A stage to put facts on, a clock to set, and phones."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from stage import Stage, shanghai

from app.core import clock
from push import devices
from push.devices import Registration
from push.providers import fcm


@pytest.fixture
def stage(core) -> Stage:
    return Stage(core)


@pytest.fixture
def at(monkeypatch) -> Callable[[str], datetime]:
    """`at("2025-10-01T09:00")`: from now on it is that time in Wuhan."""

    def put(text: str) -> datetime:
        moment = shanghai(text)
        monkeypatch.setattr(clock, "now", lambda: moment)
        return moment

    return put


@pytest.fixture
def phone(core) -> Callable[..., Any]:
    """`phone(person, "token")` registers one; answers its id."""

    def register(person: Any, token: str, language: str = "zh") -> Any:
        with core.session() as session:
            said = Registration("fcm", token, (), language)
            made = devices.register(session, person.actor, said)
            session.commit()
            return made

    return register


@pytest.fixture
def carrier(configured, parties_keys):
    """The provider the jobs use, given back afterwards."""
    made = fcm.provider(configured.fcm)
    yield made
    made.close()
    fcm.provider.cache_clear()
