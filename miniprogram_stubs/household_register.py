"""The register of households and births behind the sharing exchange: who is whose guardian now."""

import threading

from flask import Blueprint, Response, jsonify

from miniprogram_stubs.exchange import (
    RefusedError,
    answer,
    parameters,
    refuse,
    verify_caller,
)
from miniprogram_stubs.inputs import BadInputError, json_object, text
from miniprogram_stubs.outages import Outages
from miniprogram_stubs.world import World

_YES, _NO = "1", "2"
#: 与被监护人关系.
_RELATIONS = {"father": "1", "mother": "2", "guardian": "9"}
_RESIDENT_ID = "10"


class Register:
    """Guardians as they are now, by the numbers of guardian and child. Thread-safe."""

    def __init__(self, world: World) -> None:
        self._people = world.by_document
        by_key = {person.key: person for person in world.people}
        self._entries: dict[tuple[str, str], str] = {}
        for child in world.people:
            for key in child.parents:
                parent = by_key[key]
                relation = "father" if parent.sex == "1" else "mother"
                self._entries[parent.document_number, child.document_number] = relation
        self._lock = threading.Lock()

    def entry(self, guardian: tuple[str, str], child: tuple[str, str]) -> dict[str, str]:
        """The answer about a pair, each given as name and number."""
        for name, number in (guardian, child):
            known = self._people.get(number)
            if known is None or known.name != name:
                return {"HYJG": _NO}
        with self._lock:
            relation = self._entries.get((guardian[1], child[1]))
        return {"HYJG": _YES, "JHGX": _RELATIONS[relation]} if relation else {"HYJG": _NO}

    def change(self, guardian: str, child: str, relation: str | None) -> None:
        """Enter what a court or the parents changed; raises BadInputError for unknown people."""
        if guardian not in self._people or child not in self._people:
            raise BadInputError("没有这个证件号码的人", 404, "not_found")
        with self._lock:
            if relation is None:
                self._entries.pop((guardian, child), None)
            else:
                self._entries[guardian, child] = relation


def party(world: World, register: Register, outages: Outages) -> Blueprint:
    """POST `/exchange/household-register/guardian`."""
    calls = Blueprint("household_register", __name__)
    outages.guard(calls, "household_register")

    @calls.post("/exchange/household-register/guardian")
    def guardian() -> Response:
        try:
            verify_caller(world.household_register)
            names = ("JHRXM", "JHRZJLX", "JHRZJHM", "BJHRXM", "BJHRZJLX", "BJHRZJHM")
            name, kind, number, child_name, child_kind, child_number = parameters(*names)
        except RefusedError as refused:
            return refuse(refused)
        if not kind == child_kind == _RESIDENT_ID:
            return answer({"HYJG": _NO})
        return answer(register.entry((name, number), (child_name, child_number)))

    return calls


def demonstration_calls(register: Register) -> Blueprint:
    """POST `/household-register/simulate`: a guardian by number, or none any more (relation null)."""
    calls = Blueprint("household_register_simulate", __name__)

    @calls.post("/household-register/simulate")
    def simulate() -> Response:
        allowed = ("guardian", "child", "relation")
        body = json_object(allowed, required=("guardian", "child"))
        relation = body.get("relation")
        if relation is not None and relation not in _RELATIONS:
            raise BadInputError(f"relation 须为 null 或 {'、'.join(_RELATIONS)} 之一")
        register.change(text(body, "guardian"), text(body, "child"), relation)
        return jsonify({"guardian": body["guardian"], "relation": relation})

    return calls
