"""Parties that fail on demand, so that the product can be tried against a broken world.

Only the real parties' paths fail; the demonstration's own calls go on working.
"""

import threading
from dataclasses import dataclass

from flask import Blueprint, Response, jsonify

from miniprogram_stubs.inputs import BadInputError, json_object, text

PARTIES = (
    *("sms", "wechat", "wechatpay", "fcm", "alipay", "dypns"),
    *("population", "exit_entry", "business_registry", "household_register", "faceid"),
    *("health_authority", "medical_insurance"),
)
MODES = ("ok", "error", "hang")
LONGEST_HANG_SECONDS = 30.0
#: Four of the sixteen threads stay free, or a hanging party would also lock out the call that
#: ends the outage. Further calls get a gateway's refusal instead of waiting.
MOST_HANGING_CALLS = 12


@dataclass(frozen=True)
class Outage:
    """`mode` of a party; `seconds` is how long each call hangs, and 0 otherwise."""

    mode: str = "ok"
    seconds: float = 0.0


class Outages:
    """The current state of every party. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._outages = {party: Outage() for party in PARTIES}
        self._hanging = 0

    def put(self, party: str, outage: Outage) -> None:
        """Change a party's state; calls that hang because of the old state wake up."""
        with self._changed:
            self._outages[party] = outage
            self._changed.notify_all()

    def state(self) -> dict[str, dict[str, str | float]]:
        """`{party: {"mode", "seconds"}}`."""
        with self._changed:
            return {
                party: {"mode": outage.mode, "seconds": outage.seconds}
                for party, outage in self._outages.items()
            }

    def endure(self, party: str) -> Response | None:
        """Suffer the party's outage: None to go on (perhaps late), or a broken gateway's answer.

        After a hang the call is still served, as a slow party would: its caller has to live
        with not knowing whether the request took effect.
        """
        with self._changed:
            outage = self._outages[party]
            if outage.mode == "ok":
                return None
            if outage.mode == "error" or self._hanging >= MOST_HANGING_CALLS:
                return _broken_gateway()
            self._hanging += 1
            try:
                self._changed.wait_for(
                    lambda: self._outages[party] is not outage, timeout=outage.seconds
                )
            finally:
                self._hanging -= 1
        return None

    def guard(self, blueprint: Blueprint, party: str) -> None:
        """Put every path of a party's blueprint under its outage."""
        blueprint.before_request(lambda: self.endure(party))


def _broken_gateway() -> Response:
    return Response("502 Bad Gateway\n", status=502, content_type="text/plain; charset=utf-8")


def demonstration_calls(outages: Outages) -> Blueprint:
    """GET and POST `/simulate/outage`."""
    calls = Blueprint("outages", __name__)

    @calls.get("/simulate/outage")
    def show() -> Response:
        return jsonify(outages.state())

    @calls.post("/simulate/outage")
    def change() -> Response:
        body = json_object(("party", "mode", "seconds"), required=("party", "mode"))
        party, mode = text(body, "party"), text(body, "mode")
        if party not in PARTIES:
            raise BadInputError(f"party 须为 {'、'.join(PARTIES)} 之一")
        if mode not in MODES:
            raise BadInputError(f"mode 须为 {'、'.join(MODES)} 之一")
        seconds = _seconds(body.get("seconds"))
        outages.put(party, Outage(mode, seconds if mode == "hang" else 0.0))
        return jsonify(outages.state())

    return calls


def _seconds(value: object) -> float:
    if value is None:
        return LONGEST_HANG_SECONDS
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInputError("seconds 须为数字")
    if not 0 < value <= LONGEST_HANG_SECONDS:
        raise BadInputError(f"seconds 须大于 0 且不超过 {LONGEST_HANG_SECONDS:.0f}")
    return float(value)
