"""The health authority behind the sharing exchange: epidemic records of a person.

The demonstration calls let a tester make and end a record and watch the code follow.
"""

import itertools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, jsonify

from miniprogram_stubs import clock
from miniprogram_stubs.exchange import RefusedError, answer, parameters, refuse, verify_caller
from miniprogram_stubs.inputs import BadInputError, json_object, moment, text
from miniprogram_stubs.outages import Outages
from miniprogram_stubs.world import World

CATEGORIES = {
    "01": "确诊病例",
    "02": "疑似病例",
    "03": "无症状感染者",
    "04": "密切接触者",
    "05": "次密接",
    "06": "集中隔离",
    "07": "居家观察",
    "08": "康复观察",
}
_RESIDENT_ID = "10"
_MOST_RECORDS = 200_000


@dataclass
class Record:
    """One record; `until` is None while it lasts, `updated` is when it last changed."""

    record_id: str
    document_number: str
    category: str
    since: datetime
    until: datetime | None
    updated: datetime

    def as_answer(self) -> dict[str, str | None]:
        """The record with the exchange's field names."""
        return {
            "JLBH": self.record_id,
            "RYLB": self.category,
            "RYLBMC": CATEGORIES[self.category],
            "KSSJ": self.since.isoformat(timespec="seconds"),
            "JSSJ": self.until.isoformat(timespec="seconds") if self.until else None,
            "GXSJ": self.updated.isoformat(timespec="milliseconds"),
        }


@dataclass
class Records:
    """All records, by id and by document number. Thread-safe and bounded."""

    _by_id: dict[str, Record] = field(default_factory=dict)
    _by_document: dict[str, list[Record]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    def of_world(cls, world: World) -> "Records":
        """The records that hold from the start."""
        records = cls()
        for entry in world.health_records:
            since = moment(entry.since, "since")
            until = moment(entry.until, "until") if entry.until else None
            records._keep(
                Record(entry.record_id, entry.document_number, entry.category, since, until, since)
            )
        return records

    def add(
        self, document_number: str, category: str, since: datetime, until: datetime | None
    ) -> dict[str, str | None]:
        """Make a record; raises BadInputError when the stand-in's memory is full."""
        with self._lock:
            if len(self._by_id) >= _MOST_RECORDS:
                raise BadInputError("记录已满，请重启演示环境", 409, "full")
            now = clock.beijing(clock.now())
            record_id = f"SIM{now:%Y%m%d}{next(self._numbers):06d}"
            return self._keep(
                Record(record_id, document_number, category, since, until, now)
            ).as_answer()

    def release(self, record_id: str) -> dict[str, str | None]:
        """End a record now; ending it again changes nothing."""
        with self._lock:
            record = self._by_id.get(record_id)
            if record is None:
                raise BadInputError(f"没有编号为 {record_id} 的记录", 404, "not_found")
            now = clock.beijing(clock.now())
            if record.until is None or record.until > now:
                # A record that has not begun ends where it begins, never before.
                record.until = max(now, record.since)
                record.updated = now
            return record.as_answer()

    def of(self, document_number: str) -> list[dict[str, str | None]]:
        """All records of a person, the earliest first, ended ones included."""
        with self._lock:
            records = sorted(self._by_document.get(document_number, ()), key=lambda r: r.since)
            return [record.as_answer() for record in records]

    def _keep(self, record: Record) -> Record:
        self._by_id[record.record_id] = record
        self._by_document.setdefault(record.document_number, []).append(record)
        return record


def party(world: World, records: Records, outages: Outages) -> Blueprint:
    """POST `/exchange/health/personnel`."""
    calls = Blueprint("health_authority", __name__)
    outages.guard(calls, "health_authority")

    @calls.post("/exchange/health/personnel")
    def personnel() -> Response:
        try:
            verify_caller(world.health_authority)
            document_type, number, name = parameters("ZJLX", "ZJHM", "XM")
        except RefusedError as refused:
            return refuse(refused)
        person = world.by_document.get(number)
        if document_type != _RESIDENT_ID or person is None or person.name != name:
            return answer([])
        return answer(records.of(number))

    return calls


def demonstration_calls(world: World, records: Records) -> Blueprint:
    """POST `/health-authority/simulate` and `/health-authority/simulate/release`."""
    calls = Blueprint("health_authority_simulate", __name__)

    @calls.post("/health-authority/simulate")
    def simulate() -> tuple[Response, int]:
        body = json_object(
            ("document_number", "category", "since", "until"),
            required=("document_number", "category"),
        )
        number, category = text(body, "document_number"), text(body, "category")
        if number not in world.by_document:
            raise BadInputError("演示世界中没有此证件号码", 404, "not_found")
        if category not in CATEGORIES:
            raise BadInputError(f"category 须为 {'、'.join(CATEGORIES)} 之一")
        made = records.add(number, category, *_period(body))
        return jsonify({"record_id": made["JLBH"], **made}), 201

    @calls.post("/health-authority/simulate/release")
    def release() -> Response:
        body = json_object(("record_id",), required=("record_id",))
        ended = records.release(text(body, "record_id"))
        return jsonify({"record_id": ended["JLBH"], **ended})

    return calls


def _period(body: dict[str, Any]) -> tuple[datetime, datetime | None]:
    now = clock.beijing(clock.now())
    since = moment(body["since"], "since") if body.get("since") else now
    until = moment(body["until"], "until") if body.get("until") else None
    if since > now + timedelta(minutes=5):
        raise BadInputError("since 不能晚于现在")
    if until is not None and until <= since:
        raise BadInputError("until 须晚于 since")
    return since, until
