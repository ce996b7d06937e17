"""Who can be played in the demonstration: GET `/demo/accounts`."""

from flask import Blueprint, Response, jsonify, request

from miniprogram_stubs.inputs import BadInputError, limit
from miniprogram_stubs.world import Holder, Organisation, Person, World

#: People of other roles exist only in the population database.
_PLAYABLE = ("resident", "parent", "child", "venue_staff")
_ROLES = (
    *_PLAYABLE,
    "other_document",
    "county_officer",
    "city_officer",
    "village_agent",
    "system_admin",
    "security_admin",
    "audit_admin",
    "organisation",
    "department",
)


def demonstration_calls(world: World) -> Blueprint:
    """A list of people with what signing in as them needs, and what to try with them."""
    calls = Blueprint("demo", __name__)
    accounts = [_account(world, person) for person in world.people if person.role in _PLAYABLE]
    accounts += [_holder(holder) for holder in world.other_documents.values()]
    accounts += [vars(officer) for officer in world.officers]
    accounts += [_representative(organisation) for organisation in world.organisations]

    @calls.get("/demo/accounts")
    def show() -> Response:
        unknown = set(request.args) - {"role", "limit"}
        if unknown:
            raise BadInputError(f"未知参数：{'、'.join(sorted(unknown))}")
        role = request.args.get("role")
        if role is not None and role not in _ROLES:
            raise BadInputError(f"role 须为 {'、'.join(_ROLES)} 之一")
        chosen = [entry for entry in accounts if role is None or entry["role"] == role]
        return jsonify(chosen[: limit(default=None, most=1_000_000)])

    return calls


def _holder(holder: Holder) -> dict[str, str]:
    """The only entries with a `document_type`: the others have resident IDs."""
    shown = ("phone", "name", "document_type", "document_number", "note")
    return {"role": "other_document"} | {field: getattr(holder, field) for field in shown}


def _representative(organisation: Organisation) -> dict[str, str]:
    """The legal representative, with the code of the company to claim."""
    person = organisation.representative
    return {
        "role": "organisation",
        "phone": person.phone or "",
        "name": person.name,
        "document_number": person.document_number,
        "organisation_id": organisation.uscc,
        "note": f"{organisation.name}（{organisation.status}）的法定代表人：凭统一社会信用代码认领",
    }


def _account(world: World, person: Person) -> dict[str, str]:
    """Fields that do not apply to the person are left out, as the contract marks them."""
    account = {"role": person.role}
    if person.phone:
        account["phone"] = person.phone
    account["name"] = person.name
    account["document_number"] = person.document_number
    venue_id = world.venue_of_staff.get(person.key)
    if venue_id:
        account["venue_id"] = venue_id
    account["note"] = person.note
    return account
