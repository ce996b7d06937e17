"""The population database behind the sharing exchange: does this name belong to this number?"""

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

_SAME, _DIFFERENT, _UNKNOWN = "1", "2", "3"


def party(world: World, outages: Outages) -> Blueprint:
    """POST `/exchange/population/verify`."""
    calls = Blueprint("population", __name__)
    outages.guard(calls, "population")

    @calls.post("/exchange/population/verify")
    def verify() -> Response:
        try:
            verify_caller(world.population)
            number, name = parameters("GMSFHM", "XM")
        except RefusedError as refused:
            return refuse(refused)
        return answer(_compare(world, number, name))

    return calls


def _compare(world: World, number: str, name: str) -> dict[str, str]:
    """Details go out only with a match, or the number alone would reveal a person."""
    person = world.by_document.get(number)
    if person is None:
        return {"HYJG": _UNKNOWN}
    if person.name != name:
        return {"HYJG": _DIFFERENT}
    return {
        "HYJG": _SAME,
        "XB": person.sex,
        "CSRQ": person.birth_date.replace("-", ""),
        "MZ": person.ethnic,
        "HJXZQH": person.region[:6],
        "SWBS": "1" if person.deceased else "0",
    }
