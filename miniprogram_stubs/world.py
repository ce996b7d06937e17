"""Reads `demo/world.json`: the invented people, places and credentials of the demonstration."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SmsParty:
    """What the SMS gateway expects of its caller, and its approved templates by id."""

    secret_id: str
    secret_key: str
    sdk_app_id: str
    sign_name: str
    templates: dict[str, str]


@dataclass(frozen=True)
class WechatParty:
    """The mini-program's credentials at WeChat."""

    appid: str
    secret: str


@dataclass(frozen=True)
class ExchangeParty:
    """One service of the data-sharing exchange: requester id, service id, signing key."""

    rid: str
    sid: str
    appkey: str


@dataclass(frozen=True)
class Person:
    """An invented person. `deceased` is what the population database says, nothing else knows."""

    key: str
    role: str
    name: str
    document_number: str
    sex: str
    birth_date: str
    ethnic: str
    region: str
    phone: str | None
    openid: str | None
    note: str
    deceased: bool


@dataclass(frozen=True)
class HealthRecord:
    """A record the health authority holds from the start; times are RFC 3339 text."""

    record_id: str
    document_number: str
    category: str
    since: str
    until: str | None


@dataclass(frozen=True)
class World:
    """The whole file, with the look-ups the parties need."""

    sms: SmsParty
    wechat: WechatParty
    population: ExchangeParty
    health_authority: ExchangeParty
    people: tuple[Person, ...]
    venue_of_staff: dict[str, str]
    health_records: tuple[HealthRecord, ...]
    by_document: dict[str, Person]
    by_phone: dict[str, Person]


def load_world(path: str) -> World:
    """Read and index the file. Raises OSError, ValueError or KeyError when it is unusable."""
    raw: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    parties = raw["parties"]
    people = tuple(_person(entry) for entry in raw["people"])
    by_document = {person.document_number: person for person in people}
    by_phone = {person.phone: person for person in people if person.phone}
    if len(by_document) != len(people):
        raise ValueError(f"{path}: two people share a document number")
    if len(by_phone) != sum(1 for person in people if person.phone):
        raise ValueError(f"{path}: two people share a phone")
    return World(
        sms=SmsParty(**parties["sms"]),
        wechat=WechatParty(**parties["wechat"]),
        population=ExchangeParty(**parties["population"]),
        health_authority=ExchangeParty(**parties["health_authority"]),
        people=people,
        venue_of_staff={entry["person"]: entry["venue_id"] for entry in raw["venue_staff"]},
        health_records=tuple(HealthRecord(**entry) for entry in raw["health_records"]),
        by_document=by_document,
        by_phone=by_phone,
    )


def _person(entry: dict[str, Any]) -> Person:
    return Person(
        key=entry["key"],
        role=entry["role"],
        name=entry["name"],
        document_number=entry["document_number"],
        sex=entry["sex"],
        birth_date=entry["birth_date"],
        ethnic=entry["ethnic"],
        region=entry["region"],
        phone=entry["phone"],
        openid=entry["openid"],
        note=entry["note"],
        deceased=entry.get("deceased", False),
    )
