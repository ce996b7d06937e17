"""The exit-entry administration behind the sharing exchange: permits, foreign cards, passports."""

from flask import Blueprint, Response

from miniprogram_stubs.exchange import (
    RefusedError,
    answer,
    parameters,
    refuse,
    verify_caller,
)
from miniprogram_stubs.outages import Outages
from miniprogram_stubs.world import World

#: The exchange's codes of the kinds of documents it knows.
_TYPES = {
    "14": "hk_macau_travel_permit",
    "15": "taiwan_travel_permit",
    "20": "passport",
    "34": "foreign_permanent_residence",
    "41": "hk_macau_residence_permit",
    "42": "taiwan_residence_permit",
}
_SAME, _DIFFERENT, _UNKNOWN = "1", "2", "3"


def party(world: World, outages: Outages) -> Blueprint:
    """POST `/exchange/exit-entry/verify`."""
    calls = Blueprint("exit_entry", __name__)
    outages.guard(calls, "exit_entry")

    @calls.post("/exchange/exit-entry/verify")
    def verify() -> Response:
        try:
            verify_caller(world.exit_entry)
            kind, number, name = parameters("ZJLX", "ZJHM", "XM")
        except RefusedError as refused:
            return refuse(refused)
        return answer(_compare(world, _TYPES.get(kind, ""), number, name))

    return calls


def _compare(world: World, kind: str, number: str, name: str) -> dict[str, str]:
    """Details go out only with a match, or the number alone would reveal a person."""
    holder = world.other_documents.get((kind, number))
    if holder is None:
        return {"HYJG": _UNKNOWN}
    if holder.name != name:
        return {"HYJG": _DIFFERENT}
    return {"HYJG": _SAME, "XB": holder.sex, "CSRQ": holder.birth_date.replace("-", "")}
