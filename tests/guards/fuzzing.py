"""Requests that Schemathesis makes from the OpenAPI document, right and wrong, by four callers."""

import itertools
import math
from collections import Counter

import schemathesis
from guards.objects import Place, a_venue
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from staffing import make_officer
from support import make_person

from api.openapi import PROBLEM
from app.core.db import unit_of_work
from app.identity.staff.models import ROLES
from healthcode import keys

#: Calls of one person and of one address, below the limits of both.
PER_PERSON, PER_ADDRESS = 40, 500
#: Whose refusals have a form of their own, given by their standard or by a provider.
OWN_FORM = ("/oauth/", "/callbacks/")


class Crowd:
    """Callers of one kind, another whenever one has called often enough."""

    def __init__(self, make):
        self.make, self.calls, self.headers = make, 0, {}

    def next(self):
        if self.calls % PER_PERSON == 0:
            self.headers = self.make()
        self.calls += 1
        return self.headers


def crowds(core, client):
    """The four kinds: nobody, a resident, somebody at a door, an officer of many roles."""

    def at_the_door():
        person = make_person(core)
        a_venue(Place(core, client), person)
        return person.headers

    # Nobody may hold two administrators' roles.
    administrators = itertools.cycle(role for role in ROLES if role.endswith("_admin"))
    office = [role for role in ROLES if not role.endswith("_admin")]
    return {
        "nobody": Crowd(dict),
        "resident": Crowd(lambda: make_person(core).headers),
        "door": Crowd(at_the_door),
        "officer": Crowd(lambda: make_officer(core, *office, next(administrators)).headers),
    }


def described(app):
    """The document without its schemes of security: who calls is for us to say."""
    document = app.test_client().get("/openapi.json").get_json()
    for operations in document["paths"].values():
        for name, operation in operations.items():
            if name != "parameters":
                operation.pop("security", None)
    return document


class Fuzzing:
    """`run(n)` makes n requests or more; `faults` says which were answered as they must not be."""

    def __init__(self, app, core):
        self.app, self.core = app, core
        with unit_of_work(core) as session:
            # As the worker does within a minute.
            keys.publish(session, bytes(32))
        self.schema = schemathesis.openapi.from_dict(described(app))
        self.schema.app = app
        self.crowds = crowds(core, app.test_client())
        self.statuses, self.faults = Counter(), []
        self.addresses = itertools.count()

    def run(self, n):
        operations = [each.ok() for each in self.schema.get_all_operations()]
        each = math.ceil(n / (len(operations) * len(self.crowds) * len(GenerationMode)))
        for number, operation in enumerate(operations):
            for kind, mode in itertools.product(self.crowds, GenerationMode):
                self._send(operation, kind, mode, each, number)
        return self

    def _send(self, operation, kind, mode, times, number):
        quick = settings(
            max_examples=times,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )

        @seed(number)
        @quick
        @given(operation.as_strategy(mode))
        def send(case):
            self._judge(kind, case, self._call(kind, case))

        try:
            send()
        except Unsatisfiable:
            # Where nothing can be wrong, nothing wrong can be made.
            assert mode is GenerationMode.NEGATIVE, operation.label

    def _call(self, kind, case):
        """The answer; its effects are taken back."""
        number = next(self.addresses) // PER_ADDRESS
        environ = {"REMOTE_ADDR": f"198.51.{number // 250}.{number % 250}"}
        headers = self.crowds[kind].next()
        undone = self.core.database.connection.begin_nested()
        try:
            return case.call(headers=headers, environ_base=environ)
        finally:
            undone.rollback()

    def _judge(self, kind, case, answer):
        status, promised = answer.status_code, case.operation.definition.raw["responses"]
        self.statuses[status] += 1
        form = answer.headers.get("content-type", [""])[0].partition(";")[0]
        wrong = (
            "a 5xx" if status >= 500 and case.path != "/readyz"
            else "undocumented" if str(status) not in promised
            else "no problem" if status >= 400 and form != PROBLEM
            and not case.path.startswith(OWN_FORM)
            else None
        )  # fmt: skip
        if wrong:
            self.faults.append(f"{wrong} {status}: {case.operation.label} by {kind}: {case.body!r}")
