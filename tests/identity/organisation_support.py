"""Companies of invented people, as if the registry had confirmed them a moment ago."""

import itertools
from datetime import timedelta

from app.core import clock
from app.core.db import unit_of_work
from app.core.ids import new_id
from app.core.uscc import is_uscc
from app.identity.models import Person
from app.identity.organisations.models import Organisation

_numbers = itertools.count(70_000)
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(number):
    """A code that passes both checks, found by trying."""
    for check in "0123456789X":
        for last in ALPHABET:
            code = f"91429999HB9{number:05d}{check}{last}"
            if is_uscc(code):
                return code
    raise AssertionError(number)


def company(core, representative, status="active", age=timedelta(0)):
    """A company this person stands for; answers its id."""
    with unit_of_work(core) as session:
        index = session.get(Person, representative.actor.person).document_index
        row = Organisation(
            id=new_id(),
            uscc=credit_code(next(_numbers)),
            name="测试有限公司",
            kind="enterprise",
            status=status,
            representative_index=index,
            source="business_registry",
            as_of=clock.now() - age,
            created_at=clock.now(),
        )
        session.add(row)
    return row.id


def request_for(person, scopes=("handle_cases",), days=30):
    """What a manager sends to let this person act."""
    return {
        "person": {
            "name": person.name,
            "document_type": "resident_id",
            "document_number": person.document_number,
        },
        "scopes": list(scopes),
        "until": (clock.legal_today() + timedelta(days=days)).isoformat(),
    }


class Desk:
    """What people do about organisations, over HTTP."""

    def __init__(self, client):
        self.client = client

    def add(self, manager, organisation, person, **terms):
        body = request_for(person, **terms)
        url = f"/api/v1/organisations/{organisation}/operators"
        return self.client.post(url, json=body, headers=headers_of(manager))

    def accept(self, person, operator_id, answer="accept"):
        url = f"/api/v1/organisations/invitations/{operator_id}/{answer}"
        return self.client.post(url, headers=headers_of(person))

    def employ(self, manager, organisation, person, **terms):
        """Ask and accept; answers the authorisation's id."""
        made = self.add(manager, organisation, person, **terms)
        assert made.status_code == 201, made.json
        assert self.accept(person, made.json["id"]).status_code == 200
        return made.json["id"]

    def end(self, person, organisation, operator_id):
        url = f"/api/v1/organisations/{organisation}/operators/{operator_id}"
        return self.client.delete(url, headers=headers_of(person))

    def act_for(self, person, organisation):
        body = {"organisation_id": str(organisation) if organisation else None}
        return self.client.post("/api/v1/auth/acting-as", json=body, headers=headers_of(person))

    def acting(self, person, organisation):
        """Headers of a session that now acts for the organisation."""
        told = self.act_for(person, organisation)
        assert told.status_code == 200, told.json
        return {"Authorization": f"Bearer {told.json['access_token']}"}

    def get(self, path, person):
        return self.client.get(path, headers=headers_of(person))


def headers_of(person):
    """A person, or headers as they are."""
    return person if isinstance(person, dict) else person.headers
