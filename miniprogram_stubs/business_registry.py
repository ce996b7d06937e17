"""The business registry (市场监管法人库) behind the sharing exchange: who stands for a company now."""

import threading
from dataclasses import replace
from typing import Any

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
from miniprogram_stubs.world import Organisation, World

_FOUND, _UNKNOWN = "1", "2"
#: 经营状态.
_STATUS = {"active": "1", "revoked": "2", "deregistered": "3"}
_RESIDENT_ID = "10"


class Registry:
    """The entries as they are now. Thread-safe."""

    def __init__(self, world: World) -> None:
        self._people = world.by_document
        self._entries = {entry.uscc: entry for entry in world.organisations}
        self._lock = threading.Lock()

    def entry(self, uscc: str) -> dict[str, str]:
        """The answer about one code."""
        with self._lock:
            found = self._entries.get(uscc)
        if found is None:
            return {"CXJG": _UNKNOWN}
        return {
            "CXJG": _FOUND,
            "TYSHXYDM": found.uscc,
            "QYMC": found.name,
            "JYZT": _STATUS[found.status],
            "FDDBR": found.representative.name,
            "FDDBRZJLX": _RESIDENT_ID,
            "FDDBRZJHM": found.representative.document_number,
        }

    def change(self, uscc: str, **changes: Any) -> Organisation:
        """Enter a change; raises BadInputError for an unknown company."""
        with self._lock:
            found = self._entries.get(uscc)
            if found is None:
                raise BadInputError(f"没有统一社会信用代码为 {uscc} 的单位", 404, "not_found")
            self._entries[uscc] = replace(found, **changes)
            return self._entries[uscc]


def party(world: World, registry: Registry, outages: Outages) -> Blueprint:
    """POST `/exchange/business-registry/entity`."""
    calls = Blueprint("business_registry", __name__)
    outages.guard(calls, "business_registry")

    @calls.post("/exchange/business-registry/entity")
    def entity() -> Response:
        try:
            verify_caller(world.business_registry)
            (uscc,) = parameters("TYSHXYDM")
        except RefusedError as refused:
            return refuse(refused)
        return answer(registry.entry(uscc))

    return calls


def demonstration_calls(world: World, registry: Registry) -> Blueprint:
    """POST `/business-registry/simulate`: another representative (by number), another status."""
    calls = Blueprint("business_registry_simulate", __name__)

    @calls.post("/business-registry/simulate")
    def simulate() -> Response:
        allowed = ("uscc", "status", "representative")
        body = json_object(allowed, required=("uscc",))
        changes: dict[str, Any] = {}
        if "status" in body:
            if body["status"] not in _STATUS:
                raise BadInputError(f"status 须为 {'、'.join(_STATUS)} 之一")
            changes["status"] = body["status"]
        if "representative" in body:
            person = world.by_document.get(text(body, "representative"))
            if person is None:
                raise BadInputError("没有这个证件号码的人", 404, "not_found")
            changes["representative"] = person
        changed = registry.change(text(body, "uscc"), **changes)
        return jsonify({"uscc": changed.uscc, **registry.entry(changed.uscc)})

    return calls
