"""Examples of every kind of object a route names, for the access matrix.

A new kind of object is one line in `OBJECTS` (the parameter's name → how one of somebody's is made) and,
where its routes demand a body, one in `BODIES`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from identity.organisation_support import Desk, company
from payments.placed import place
from sqlalchemy import insert, select
from staffing import REGION, held
from support import _sample, make_person, resident_id

from app.core import clock, crypto
from app.core.db import Session, unit_of_work
from app.core.ids import new_id
from app.core.runtime import Core
from app.family.services import Terms, requested
from app.identity import real_name, sessions, tokens
from app.identity.accounts import lock_accounts
from app.identity.face.models import FaceChallenge
from app.identity.face.services import PURPOSE
from app.identity.legacy.importing import sealed_field
from app.identity.legacy.models import LegacyImport, LegacySource, LegacyUser
from app.identity.life import merges
from app.identity.life.models import FaceProof
from app.identity.models import Account, Person, SessionFamily
from app.identity.openid.models import (
    OpenidClient,
    OpenidClientProposal,
    OpenidConsent,
    OpenidLogin,
)
from app.identity.organisations.models import Organisation
from app.identity.sessions import Device
from app.identity.staff.models import Officer, OfficerPasskey
from app.payments.models import Bill
from app.privacy import consents
from app.privacy.models import DataExport
from app.privacy.registered import current
from healthcode.venues import NewVenue, add_staff, register_venue
from push.models import Notice, PushDevice


@dataclasses.dataclass(frozen=True)
class Place:
    """Where examples are made."""

    core: Core
    client: Any


#: Makes an object that belongs to a person; answers its id, or the ids of a nested one.
Make = Callable[[Place, Any], Any]


def a_session(place_: Place, person: Any) -> uuid.UUID:
    """Another signed-in device of theirs."""
    with unit_of_work(place_.core) as session:
        account = session.get_one(Account, person.actor.account)
        granted = sessions.open_session(session, account, Device(new_id().hex, "平板", "android"))
    found = tokens.read_access(place_.core.keys, granted.access_token).session_id
    assert found
    return found


def a_browser(place_: Place, person: Any) -> uuid.UUID:
    """A browser in which they are signed in for sites."""
    later, own = clock.now() + timedelta(hours=1), person.actor.account
    return _row(place_, OpenidLogin, account_id=own, expires_at=later, browser_hash=new_id().bytes)


def a_mandate(place_: Place, person: Any) -> str:
    """One that waits for their acceptance."""
    body = {
        "person": {
            "name": person.name,
            "document_type": "resident_id",
            "document_number": person.document_number,
        },
        "relation": "parent",
        "scopes": ["pay"],
        "until": (clock.legal_today() + timedelta(days=30)).isoformat(),
    }
    asking = make_person(place_.core)
    path = "/api/v1/family/mandates"
    answer = place_.client.post(path, json=body, headers=asking.headers)
    assert answer.status_code == 201, answer.json
    made: str = answer.json["id"]
    return made


def an_asked_mandate(place_: Place, person: Any) -> uuid.UUID:
    """One that waits for somebody else's answer; past the service, which lets nobody ask so often."""
    principal = make_person(place_.core)
    until = clock.legal_today() + timedelta(days=30)
    with unit_of_work(place_.core) as session:
        claimed = real_name.claim(principal.name, principal.document_number)
        mandate = requested(session, person.actor, claimed, Terms("parent", ("pay",), until))
        session.add(mandate)
        return mandate.id


def an_order(place_: Place, person: Any) -> uuid.UUID:
    """An order that waits for its payment."""
    return place(place_.core, person, status="failed").order_id


def a_notice(place_: Place, person: Any) -> uuid.UUID:
    """An unread notice."""
    return _row(place_, Notice, recipient_account_id=person.actor.account)


def a_device(place_: Place, person: Any) -> uuid.UUID:
    """A device that gets their notices."""
    return _row(place_, PushDevice, account_id=person.actor.account)


def a_consent(place_: Place, person: Any) -> uuid.UUID:
    """A department's site that they let know them."""
    client_id = _row(place_, OpenidClient, auth_method="none", application_type="web")
    _row(place_, OpenidConsent, account_id=person.actor.account, client_id=client_id)
    return client_id


def a_site(place_: Place, _: Any) -> uuid.UUID:
    """A site in the registry that has a secret."""
    secret = {"auth_method": "client_secret_basic", "secret_hash": b"s" * 32}
    return _row(place_, OpenidClient, application_type="web", sector="site.example", **secret)


def a_proposal(place_: Place, person: Any) -> uuid.UUID:
    """Another secret for a site, proposed by somebody."""
    site, by = a_site(place_, person), an_officer(place_, person)
    return _row(
        place_, OpenidClientProposal, kind="secret", client_id=site, wanted=None, proposed_by=by
    )


SITE = {
    "name": "公积金查询",
    "department": "市公积金中心",
    "redirect_uris": ["https://site.example/callback"],
    "scopes": ["openid"],
    "auth_method": "client_secret_basic",
}


def an_officer(place_: Place, _: Any) -> uuid.UUID:
    """An officer whom administrators may decide about."""
    with unit_of_work(place_.core) as session:
        return _officer(session)


def a_role(place_: Place, _: Any) -> tuple[uuid.UUID, uuid.UUID]:
    """An officer and a role of theirs."""
    with unit_of_work(place_.core) as session:
        officer_id = _officer(session)
        row = held(session.get_one(Officer, officer_id), "case_officer")
        session.add(row)
        session.flush()
        return officer_id, row.id


def a_passkey(place_: Place, person: Any) -> uuid.UUID:
    """A passkey of an officer: theirs, if they are one."""
    with unit_of_work(place_.core) as session:
        return _row_in(
            session, OfficerPasskey, officer_id=person.actor.officer_id or _officer(session)
        )


def an_export(place_: Place, person: Any) -> uuid.UUID:
    """A copy of their data that they asked for."""
    return _row(place_, DataExport, account_id=person.actor.account, state="requested")


def a_door(place_: Place, person: Any) -> uuid.UUID:
    """A venue in the division of an officer's unit; for others, in another one."""
    return a_doorkeeper(place_, person)[0]


def a_doorkeeper(place_: Place, person: Any) -> tuple[uuid.UUID, uuid.UUID]:
    """Such a venue and somebody who may scan there."""
    region = REGION if person.actor.officer_id else "429004000000"
    keeper = make_person(place_.core).actor.account
    with unit_of_work(place_.core) as session:
        venue = register_venue(session, NewVenue("汽车站", "station", region, "解放路1号"))
        return venue, add_staff(session, venue, keeper)


def a_bill(place_: Place, person: Any) -> uuid.UUID:
    """A bill in their name."""
    with unit_of_work(place_.core) as session:
        index = session.get_one(Person, person.actor.person).document_index
        today = clock.legal_today()
        payable = {"payable_from": today, "payable_until": today + timedelta(days=30)}
        owner = {"person_id": person.actor.person, "beneficiary_index": index}
        return _row_in(session, Bill, **owner, **payable)


def a_venue(place_: Place, person: Any) -> uuid.UUID:
    """A venue at which they may scan."""
    with unit_of_work(place_.core) as session:
        venue = register_venue(session, NewVenue("武汉站", "station", REGION, "中北路1号"))
        add_staff(session, venue, person.actor.account)
    return venue


def a_company(place_: Place, person: Any) -> uuid.UUID:
    """The company they stand for: one each, so that it is also the one they act for."""
    with unit_of_work(place_.core) as session:
        index = session.get_one(Person, person.actor.person).document_index
        theirs = select(Organisation.id).where(Organisation.representative_index == index)
        known = session.scalar(theirs)
    return known or company(place_.core, person)


def an_invitation(place_: Place, person: Any) -> str:
    """A company asks them to act for it."""
    asking = make_person(place_.core)
    made = Desk(place_.client).add(asking, company(place_.core, asking), person)
    assert made.status_code == 201, made.json
    return str(made.json["id"])


def an_operator(place_: Place, person: Any) -> tuple[uuid.UUID, str]:
    """Their company and somebody it asks to act for it."""
    own = a_company(place_, person)
    made = Desk(place_.client).add(person, own, make_person(place_.core))
    assert made.status_code == 201, made.json
    return own, made.json["id"]


def a_face_check(place_: Place, person: Any) -> uuid.UUID:
    """A challenge of the session they opened last."""
    mine = select(SessionFamily.id).where(SessionFamily.account_id == person.actor.account)
    with unit_of_work(place_.core) as session:
        consents.give(session, person.actor, PURPOSE, current()[PURPOSE].version, "h5")
        family = session.scalars(mine.order_by(SessionFamily.id.desc()).limit(1)).one()
        digest = hashlib.sha256(b"token").digest()
        expires = clock.now() + timedelta(minutes=5)
        own = {"family_id": family, "token_digest": digest, "expires_at": expires}
        return _row_in(session, FaceChallenge, **own)


def a_merge(place_: Place, person: Any) -> uuid.UUID:
    """Another account of theirs that ended in theirs."""
    other = make_person(place_.core, "phone")
    with unit_of_work(place_.core) as session:
        mine, ended = lock_accounts(session, person.actor.account, other.actor.account)
        return merges.absorb(session, mine, ended, undo=merges.UNDO).id


def a_linked_account(place_: Place, person: Any) -> uuid.UUID:
    """A user of theirs in a department's system."""
    source = new_id().hex
    with unit_of_work(place_.core) as session:
        session.add(LegacySource(code=source, name_zh="公积金网", name_en="Housing fund"))
        session.flush()
        met = {"source": source, "import_id": _row_in(session, LegacyImport, source=source)}
        linked = {"linked_account_id": person.actor.account, "linked_at": clock.now()}
        row_id, column = new_id(), "external_sealed"
        sealed = crypto.seal(session.core.keys, sealed_field(column, row_id), "GJJ00012345")
        return _row_in(session, LegacyUser, id=row_id, external_sealed=sealed, **met, **linked)


def a_face_proof(place_: Place, person: Any) -> uuid.UUID:
    """A face check of their session, after which their phone would be another account's."""
    subject = person.actor.person_id or make_person(place_.core).actor.person
    mine = select(SessionFamily.id).where(SessionFamily.account_id == person.actor.account)
    with unit_of_work(place_.core) as session:
        family = session.scalars(mine.order_by(SessionFamily.id.desc()).limit(1)).one()
        own = {"family_id": family, "person_id": subject, "token_digest": b"another"}
        expires = clock.now() + timedelta(minutes=5)
        return _row_in(session, FaceProof, expires_at=expires, **own)


#: The last parameter of a rule → an example. The first of a nested rule comes with the second.
OBJECTS: dict[str, Make] = {
    "family_id": a_session,
    "login_id": a_browser,
    "mandate_id": a_mandate,
    "asked_id": an_asked_mandate,
    "merge_id": a_merge,
    "linked_id": a_linked_account,
    "proof_id": a_face_proof,
    "order_id": an_order,
    "notice_id": a_notice,
    "device_id": a_device,
    "client_id": a_consent,
    "registered_id": a_site,
    "proposal_id": a_proposal,
    "officer_id": an_officer,
    "role_id": a_role,
    "organisation_id": a_company,
    "operator_id": an_operator,
    "invitation_id": an_invitation,
    "passkey_id": a_passkey,
    "venue_id": a_door,
    "export_id": an_export,
    "staff_id": a_doorkeeper,
}

#: Parameters that name nobody's object, and why.
NOBODYS = {
    "code": "a matter of the public catalogue",
    "party": "a party of the closed list; the links are the caller's own",
    "purpose": "a purpose of the public list; the consent is the caller's own",
    "number": "a mandate by the number its holder tells; the household is judged (tests/family)",
    "merchant_ref": "a merchant of ours; the provider's signature is judged",
    "scan_id": "a sign-in shown to whoever scans it (tests/identity/test_scan_login.py)",
    "request_id": "a sign-in of whoever holds the browser's cookie (tests/openid)",
}

#: Objects that belong to nobody in particular: whoever has the role may reach any of them.
EVERYBODYS = {"officer_id", "registered_id", "proposal_id"}

#: Where even the owner of the example finds nothing, and why.
NOTHING_YET = {
    ("GET", "/api/v1/me/data-exports/<uuid:export_id>/file"): "no file until the job has run",
    ("POST", "/api/v1/me/data-exports/<uuid:export_id>/tickets"): "no code was sent",
    ("POST", "/api/v1/me/recoveries/<uuid:proof_id>"): "a session's (test_another_phone.py)",
    ("POST", "/api/v1/officer/clients/proposals/<uuid:proposal_id>/secret"): "not approved yet",
}

#: What a route that names an object demands in its body besides; without a line: nothing.
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/api/v1/me/recoveries/<uuid:proof_id>"): {"result_token": "token"},
    ("POST", "/api/v1/me/data-exports/<uuid:export_id>/tickets"): {"code": "000000"},
    ("POST", "/api/v1/orders/<uuid:order_id>/payments"): {"provider": "wechatpay", "channel": "h5"},
    ("PUT", "/api/v1/health-code/declaration"): {
        "temperature_c": 36.5,
        "symptoms": [],
        "contact": "no",
        "risk_area": "low",
        "confirmed_true": True,
    },
    ("PUT", "/api/v1/officer/clients/<uuid:registered_id>"): SITE,
    ("POST", "/api/v1/officer/venues/<uuid:venue_id>/staff"): {"phone": "19900000001"},
    ("PUT", "/api/v1/officer/officers/<uuid:officer_id>/state"): {"state": "locked"},
    ("POST", "/api/v1/organisations/<uuid:organisation_id>/operators"): {
        "person": {
            "name": "测试",
            "document_type": "resident_id",
            "document_number": resident_id(901),
        },
        "scopes": ["pay"],
        "until": (clock.legal_today() + timedelta(days=30)).isoformat(),
    },
    ("POST", "/api/v1/officer/officers/<uuid:officer_id>/roles"): {"role": "window_officer"},
}

#: Objects named elsewhere than in the path: (method, path, where) → (field, example).
NAMED_INSIDE: dict[tuple[str, str, str], tuple[str, Make, dict[str, Any]]] = {
    ("GET", "/api/v1/bills", "query"): ("beneficiary_id", lambda _, who: who.actor.person, {}),
    ("PUT", "/api/v1/health-code/declaration", "query"): (
        "subject_id",
        lambda _, who: who.actor.person,
        {},
    ),
    ("DELETE", "/api/v1/health-code/declaration", "query"): (
        "subject_id",
        lambda _, who: who.actor.person,
        {},
    ),
    ("GET", "/api/v1/health-code", "query"): ("subject_id", lambda _, who: who.actor.person, {}),
    ("POST", "/api/v1/orders", "body"): ("bill_ids", a_bill, {}),
    ("POST", "/api/v1/auth/acting-as", "body"): ("organisation_id", a_company, {}),
    ("POST", "/api/v1/me/face", "body"): (
        "challenge_id",
        a_face_check,
        {"result_token": "token"},
    ),
    ("POST", "/api/v1/verifier/scans", "body"): ("venue_id", a_venue, {"code": "HB1:X"}),
}

#: Ids in queries and bodies that name nobody's object, and why.
NOBODYS_INSIDE = {
    "device_id": "the client's own name for its device",
    "client_scan_id": "the client's own name for a scan",
    "template_ids": "messages of the platform, the same for everybody",
    "client_id": "a site by its public name",
    "unit_id": "units belong to nobody in particular",
    "parent_id": "units belong to nobody in particular",
}


def _officer(session: Session) -> uuid.UUID:
    """Past the service, which would hash a password each time."""
    mine = select(Officer.unit_id).limit(1)
    values = {"unit_id": session.scalars(mine).one(), "login": new_id().hex}
    return _row_in(session, Officer, **values)


def _row(place_: Place, model: Any, **kept: Any) -> uuid.UUID:
    with unit_of_work(place_.core) as session:
        return _row_in(session, model, **kept)


def _row_in(session: Session, model: Any, **kept: Any) -> uuid.UUID:
    row = {
        column.name: None if column.nullable else _sample(column)
        for column in model.__table__.columns
    }
    row |= {"id": new_id(), **kept}
    session.execute(insert(model.__table__).values(row))
    made: uuid.UUID = row["id"]
    return made
