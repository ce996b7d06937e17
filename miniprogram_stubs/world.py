"""Reads `demo/world.json`: the invented people, places and credentials of the demonstration."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from miniprogram_stubs.ways_in import AlipayParty, FaceidParty, OneTapParty


@dataclass(frozen=True)
class SmsParty:
    """What the SMS gateway expects of its caller, and its approved templates by id."""

    secret_id: str
    secret_key: str
    sdk_app_id: str
    sign_name: str
    templates: dict[str, str]


@dataclass(frozen=True)
class SubscribeTemplate:
    """An approved subscribe message: its title and its fields with their labels."""

    title: str
    fields: dict[str, str]


@dataclass(frozen=True)
class WechatParty:
    """The mini-program's credentials at WeChat, and its subscribe messages by id."""

    appid: str
    secret: str
    templates: dict[str, SubscribeTemplate]


@dataclass(frozen=True)
class PayMerchant:
    """One merchant of WeChat Pay, taking the money of some departments.

    `notify_id` names the platform key that signs its notifies.
    """

    ref: str
    mchid: str
    name: str
    departments: tuple[str, ...]
    appid: str
    certificate_serial: str
    notify_id: str


@dataclass(frozen=True)
class WechatpayParty:
    """WeChat Pay's names for its own keys, its waits before sending again, its merchants."""

    platform_certificate_serial: str
    public_key_id: str
    retry_seconds: tuple[float, ...]
    merchants: tuple[PayMerchant, ...]


@dataclass(frozen=True)
class FcmParty:
    """The Firebase project and the service account that may send in it."""

    project_id: str
    client_email: str


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
    #: Keys of father and mother, as the register of births has them.
    parents: tuple[str, ...]


@dataclass(frozen=True)
class Holder:
    """Somebody whom only the exit-entry administration knows, by another document."""

    key: str
    document_type: str
    document_number: str
    name: str
    sex: str
    birth_date: str
    phone: str
    note: str


@dataclass(frozen=True)
class Organisation:
    """An invented company: active, revoked (吊销) or deregistered (注销)."""

    uscc: str
    name: str
    status: str
    representative: Person


@dataclass(frozen=True)
class HealthRecord:
    """A record the health authority holds from the start; times are RFC 3339 text."""

    record_id: str
    document_number: str
    category: str
    since: str
    until: str | None


@dataclass(frozen=True)
class MedicalBills:
    """What everybody of some roles owes for a year, in fen; `paid_elsewhere` lists people."""

    remark: str
    insured_roles: tuple[str, ...]
    year: str
    amount_fen: int
    paid_elsewhere: tuple[str, ...]
    #: Phones of people who have none in the world, as only the department knows them.
    contact_phones: dict[str, str]


@dataclass(frozen=True)
class Officer:
    """Somebody who works for a unit of the product, with what signing in there needs."""

    role: str
    name: str
    document_number: str
    login: str
    password: str
    totp_secret: str
    note: str


@dataclass(frozen=True)
class World:
    """The whole file, with the look-ups the parties need."""

    sms: SmsParty
    wechat: WechatParty
    alipay: AlipayParty
    one_tap: OneTapParty
    wechatpay: WechatpayParty
    fcm: FcmParty
    population: ExchangeParty
    exit_entry: ExchangeParty
    business_registry: ExchangeParty
    household_register: ExchangeParty
    faceid: FaceidParty
    health_authority: ExchangeParty
    medical_insurance: ExchangeParty
    medical_bills: MedicalBills
    people: tuple[Person, ...]
    venue_of_staff: dict[str, str]
    health_records: tuple[HealthRecord, ...]
    by_document: dict[str, Person]
    by_phone: dict[str, Person]
    #: By kind and number.
    other_documents: dict[tuple[str, str], Holder]
    organisations: tuple[Organisation, ...]
    officers: tuple[Officer, ...]


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
        wechat=_wechat(parties["wechat"]),
        alipay=AlipayParty(**parties["alipay"]),
        one_tap=OneTapParty(**parties["one_tap"]),
        wechatpay=_wechatpay(parties["wechatpay"]),
        fcm=FcmParty(**parties["fcm"]),
        population=ExchangeParty(**parties["population"]),
        exit_entry=ExchangeParty(**parties["exit_entry"]),
        business_registry=ExchangeParty(**parties["business_registry"]),
        household_register=ExchangeParty(**parties["household_register"]),
        faceid=FaceidParty(**parties["faceid"]),
        health_authority=ExchangeParty(**parties["health_authority"]),
        medical_insurance=ExchangeParty(**parties["medical_insurance"]),
        medical_bills=_medical_bills(raw["medical_bills"]),
        people=people,
        venue_of_staff={entry["person"]: entry["venue_id"] for entry in raw["venue_staff"]},
        health_records=tuple(HealthRecord(**entry) for entry in raw["health_records"]),
        by_document=by_document,
        by_phone=by_phone,
        other_documents={
            (entry["document_type"], entry["document_number"]): Holder(**entry)
            for entry in raw["other_documents"]
        },
        organisations=_organisations(raw["organisations"], people),
        officers=tuple(_officer(entry) for entry in raw["officers"]),
    )


def _officer(entry: dict[str, Any]) -> Officer:
    return Officer(**{field: entry[field] for field in Officer.__dataclass_fields__})


def _organisations(
    entries: list[dict[str, str]], people: tuple[Person, ...]
) -> tuple[Organisation, ...]:
    by_key = {person.key: person for person in people}
    return tuple(
        Organisation(**entry | {"representative": by_key[entry["representative"]]})  # type: ignore[arg-type]
        for entry in entries
    )


def _wechat(entry: dict[str, Any]) -> WechatParty:
    templates = {key: SubscribeTemplate(**value) for key, value in entry["templates"].items()}
    return WechatParty(appid=entry["appid"], secret=entry["secret"], templates=templates)


def _wechatpay(entry: dict[str, Any]) -> WechatpayParty:
    merchants = tuple(
        PayMerchant(**merchant | {"departments": tuple(merchant["departments"])})
        for merchant in entry["merchants"]
    )
    names = {entry["platform_certificate_serial"], entry["public_key_id"]}
    if any(merchant.notify_id not in names for merchant in merchants):
        raise ValueError("wechatpay: a merchant's notify_id is no key of the platform")
    return WechatpayParty(
        platform_certificate_serial=entry["platform_certificate_serial"],
        public_key_id=entry["public_key_id"],
        retry_seconds=tuple(float(seconds) for seconds in entry["retry_seconds"]),
        merchants=merchants,
    )


def _medical_bills(entry: dict[str, Any]) -> MedicalBills:
    return MedicalBills(
        remark=entry["remark"],
        insured_roles=tuple(entry["insured_roles"]),
        year=entry["year"],
        amount_fen=entry["amount_fen"],
        paid_elsewhere=tuple(entry["paid_elsewhere"]),
        contact_phones=entry["contact_phones"],
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
        parents=tuple(entry["parents"]),
    )
