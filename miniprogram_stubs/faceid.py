"""Tencent Cloud's face verification (人脸核身 SaaS): DetectAuth and GetDetectInfoEnhanced.

Source: https://cloud.tencent.com/document/api/1007/31816 and /41957 (version 2018-03-01). Nobody's
face is looked at: who holds the BizToken says at `/faceid/simulate`, or on the page DetectAuth names,
how the comparison ended.
"""

import threading
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, request

from miniprogram_stubs import tc3
from miniprogram_stubs.inputs import BadInputError, json_object, text
from miniprogram_stubs.outages import Outages
from miniprogram_stubs.world import World

_VERSION = "2018-03-01"
_MOST_TOKENS = 10_000
#: What the comparison may find: code, message, whether a living person was seen.
_OUTCOMES = {
    "match": (0, "成功", True),
    "other_face": (2004, "比对相似度未达到通过标准", True),
    "not_live": (1004, "活体检测失败", False),
}


@dataclass
class Check:
    """One check under way; without an outcome the person has not finished."""

    id_card: str
    name: str
    extra: str
    outcome: str | None = None


class Checks:
    """All checks by BizToken. Thread-safe and bounded."""

    def __init__(self, world: World) -> None:
        self._people = world.by_document
        self._by_token: OrderedDict[str, Check] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, body: dict[str, Any]) -> str:
        """A new BizToken."""
        token = str(uuid.uuid4()).upper()
        check = Check(*(str(body.get(field) or "") for field in ("IdCard", "Name", "Extra")))
        with self._lock:
            self._by_token[token] = check
            if len(self._by_token) > _MOST_TOKENS:
                self._by_token.popitem(last=False)
        return token

    def get(self, token: str) -> Check | None:
        """The check of this token."""
        with self._lock:
            return self._by_token.get(token)

    def end(self, token: str, outcome: str) -> None:
        """The person finished; raises BadInputError for an unknown token or outcome."""
        if outcome not in _OUTCOMES:
            raise BadInputError(f"outcome 须为 {'、'.join(_OUTCOMES)} 之一")
        check = self.get(token)
        if check is None:
            raise BadInputError("没有这个 BizToken", 404, "not_found")
        check.outcome = outcome

    def told(self, check: Check) -> dict[str, Any]:
        """`Text` of GetDetectInfoEnhanced; a name without its number is no match."""
        if check.outcome is None:
            return {"ErrCode": None, "ErrMsg": None, "Extra": check.extra}
        code, message, live = _OUTCOMES[check.outcome]
        person = self._people.get(check.id_card)
        if code == 0 and (person is None or person.name != check.name):
            code, message = 2005, "姓名和身份证号不一致"
        return {
            "ErrCode": code,
            "ErrMsg": message,
            "IdCard": check.id_card,
            "Name": check.name,
            "LiveStatus": 0 if live else code,
            "LiveMsg": "成功" if live else message,
            "Comparestatus": code if live else None,
            "Comparemsg": message if live else None,
            "Sim": "95.51" if code == 0 else "21.40",
            "CompareLibType": "权威库",
            "Extra": check.extra,
        }


def party(world: World, checks: Checks, outages: Outages, base_url: str) -> Blueprint:
    """POST `/tencent-faceid/`."""
    calls = Blueprint("faceid", __name__)
    outages.guard(calls, "faceid")
    own = world.faceid
    credential = tc3.Credential(own.secret_id, own.secret_key, "faceid")

    @calls.post("/tencent-faceid/", strict_slashes=False)
    def call() -> Response:
        try:
            tc3.verify(request.headers, request.get_data(), credential)
            outcome = _act(checks, own.rule_id, base_url)
        except tc3.SignatureError as error:
            outcome = {"Error": {"Code": error.code, "Message": error.message}}
        return jsonify({"Response": {**outcome, "RequestId": str(uuid.uuid4())}})

    return calls


def _act(checks: Checks, rule_id: str, base_url: str) -> dict[str, Any]:
    if request.headers.get("X-TC-Version", "") != _VERSION:
        raise tc3.SignatureError("NoSuchVersion", "The API version does not exist.")
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise tc3.SignatureError("InvalidParameter", "The request body is not valid JSON.")
    if body.get("RuleId") != rule_id:
        raise tc3.SignatureError("InvalidParameterValue.RuleIdNotExist", "RuleId不存在。")
    action = request.headers.get("X-TC-Action")
    if action == "DetectAuth":
        token = checks.begin(body)
        return {"BizToken": token, "Url": f"{base_url}/faceid/page?token={token}"}
    if action == "GetDetectInfoEnhanced":
        check = checks.get(str(body.get("BizToken")))
        if check is None:
            raise tc3.SignatureError("InvalidParameter", "非法BizToken。")
        return {"Text": checks.told(check), "IdCardData": None, "BestFrame": None}
    raise tc3.SignatureError("InvalidAction", "The requested action does not exist.")


def demonstration_calls(checks: Checks) -> Blueprint:
    """POST `/faceid/simulate` and the page a person is sent to."""
    calls = Blueprint("faceid_simulate", __name__)

    @calls.post("/faceid/simulate")
    def simulate() -> Response:
        body = json_object(("biz_token", "outcome"), required=("biz_token", "outcome"))
        checks.end(text(body, "biz_token"), text(body, "outcome"))
        return jsonify({"biz_token": body["biz_token"], "outcome": body["outcome"]})

    @calls.route("/faceid/page", methods=["GET", "POST"])
    def page() -> str:
        if request.method == "POST":
            checks.end(request.args.get("token", ""), request.form.get("outcome", ""))
            return _PAGE.format("<p>已完成，请返回应用。 Done; go back to the app.</p>")
        buttons = (f'<button name="outcome" value="{each}">{each}</button>' for each in _OUTCOMES)
        return _PAGE.format(f'<form method="post">{" ".join(buttons)}</form>')

    return calls


_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>人脸核身（演示）</title>
<h1>人脸核身（演示） Face check (demonstration)</h1>{}</html>"""
