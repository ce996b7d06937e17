"""Invented people for tests."""

from __future__ import annotations

import dataclasses
import itertools
import os
import uuid
from datetime import date
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Uuid,
    insert,
    inspect,
    select,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB

from app.connectors.exchange import PersonRecord
from app.core import clock
from app.core.db import Session, unit_of_work
from app.core.events import Event, RecordedEvent
from app.core.keys import KeyRing
from app.core.runtime import Core
from app.core.types import Actor
from app.identity import real_name, sessions, tokens
from app.identity.accounts import account_of_phone
from app.identity.sessions import Device

_numbers = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Invented:
    """An invented person who has signed in."""

    actor: Actor
    phone: str
    name: str
    document_number: str
    access_token: str
    refresh_token: str
    keys: KeyRing = dataclasses.field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """What a signed-in client sends; whenever a test sets the clock, the token is of that hour."""
        token = tokens.issue_access(self.keys, self.actor, clock.now())
        return {"Authorization": f"Bearer {token}"}


def make_person(core: Core, level: str = "real_name") -> Invented:
    """A new invented person with an open session on `core`."""
    number = next(_numbers)
    phone = f"+86199{number + 10_000_000:08d}"
    document, name = resident_id(number), "测试" + chr(0x4E00 + number % 20_000)
    with unit_of_work(core) as session:
        account = account_of_phone(session, phone)
        if level == "real_name":
            claimed = real_name.claim(name, document)
            found = PersonRecord("2", claimed.document.birth_date, False, "420106")
            account.person_id = real_name.person_of(session, claimed, found)
            account.level = "real_name"
            session.flush()
        granted = sessions.open_session(session, account, Device(f"d{number}", "测试机", "ios"))
    actor = tokens.read_access(core.keys, granted.access_token)
    access, refresh = granted.access_token, granted.refresh_token
    return Invented(actor, phone, name, document, access, refresh, core.keys)


def resident_id(number: int, born: date = date(1990, 1, 1)) -> str:
    """An invented resident ID with a good check character; its division was never assigned."""
    body = f"429999{born:%Y%m%d}{number % 1_000:03d}"
    if number >= 1_000:
        body = f"429998{date.fromordinal(born.toordinal() + number // 1_000):%Y%m%d}{number % 1_000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(w * int(d) for w, d in zip(weights, body, strict=True))
    return body + "10X98765432"[total % 11]


def recorded(session: Session, event: type[Event]) -> list[dict[str, Any]]:
    """What was recorded of this event, in order."""
    found = select(RecordedEvent.payload).where(RecordedEvent.name == event.NAME)
    return list(session.scalars(found.order_by(RecordedEvent.recorded_at, RecordedEvent.id)))


#: Values that a column's own checks demand.
PARTICULAR = {
    "keys.state": "current",
    "audit_rows.result": "done",
    "consent_events.act": "given",
    "consent_events.account_id": uuid.UUID(int=1),
    "data_exports.state": "requested",
    "persons.sex": "1",
    "account_merges.state": "final",
    "account_closures.state": "waiting",
    "accounts.level": "phone",
    "accounts.state": "active",
    "accounts.phone_index": b"index",
    "accounts.phone_sealed": b"sealed",
    "session_families.use": "citizen",
    "login_codes.tries": 1,
    "login_codes.known_tries": 1,
    "openid_clients.auth_method": "none",
    "openid_clients.application_type": "web",
    "openid_client_proposals.kind": "register",
    "openid_client_proposals.wanted": {"name": "site"},
    "regions.code": "420000000000",
    "regions.level": 2,
    "themes.audience": "both",
    "themes.list": "own",
    "document_types.holder": "person",
    "matters.for_person": True,
    "matters.levels": [2],
    "matters.origin": "list",
    "matters.base_code": "ZZ00000001",
    "organisations.status": "active",
    "organisations.uscc": "91429999HB9000019E",
    "organisation_operators.status": "pending",
    "organisation_operators.scopes": ["pay"],
    "mandates.status": "pending",
    "mandates.scopes": ["pay"],
    "mandate_uses.act": "bills_viewed",
    "bills.status": "payable",
    "orders.status": "paid",
    "order_lines.status": "paid",
    "order_lines.basis": "own",
    "payment_attempts.status": "open",
    "ledger_postings.kind": "payment",
    "bookings.status": "pending",
    "receipts.audience": "payer",
    "notices.category": "payment",
    "push_devices.channel": "fcm",
    "deliveries.state": "pending",
    "notice_preferences.category": "period",
    "health_statuses.state": "grey",
    "health_statuses.colour": "unknown",
    "alipay_links.kind": "open_id",
    "scan_logins.state": "waiting",
    "scan_logins.client_kind": "web",
    "units.kind": "window",
    "officer_challenges.purpose": "sign_in",
    "officers.state": "active",
    "officer_roles.role": "case_officer",
}


def fill_every_table(engine: Engine, metadata: MetaData) -> int:
    """Put a row into every empty table that is there, in the order of their references.

    At an older revision a table may not yet have all of its columns.
    """
    filled = 0
    seen = inspect(engine)
    present = set(seen.get_table_names())
    with engine.begin() as connection:
        kept: dict[str, Any] = {}
        for table in metadata.sorted_tables:
            if table.name not in present:
                continue
            names = {each["name"] for each in seen.get_columns(table.name)}
            columns = [column for column in table.columns if column.name in names]
            there = connection.execute(select(*columns).limit(1)).mappings().first()
            if there is not None:
                kept.update({f"{table.name}.{name}": value for name, value in there.items()})
                continue
            row = {
                column.name: _value(column, kept) for column in columns if column.identity is None
            }
            rows = [row]
            if table.name == "ledger_entries":
                # A posting must balance.
                rows.append(row | {"account": "the other side", "amount": -row["amount"]})
            connection.execute(insert(table).values(rows))
            kept.update({f"{table.name}.{name}": value for name, value in row.items()})
            filled += 1
    return filled


def _value(column: Column[Any], kept: dict[str, Any]) -> Any:
    particular = PARTICULAR.get(f"{column.table.name}.{column.name}")
    if particular is not None:
        return particular
    for key in column.foreign_keys:
        value = kept.get(key.target_fullname)
        # A reference to the own table, or one that must differ, stays empty.
        return None if column.nullable else value
    if column.nullable:
        return None
    return _sample(column)


def _sample(column: Column[Any]) -> Any:
    if column.name == "day":
        return clock.now().date()
    particular = PARTICULAR.get(f"{column.table.name}.{column.name}")
    if particular is not None:
        return particular
    samples: list[tuple[type[Any], Any]] = [
        (Boolean, False),
        (Uuid, uuid.uuid4()),
        (DateTime, clock.now()),
        (Date, date(1990, 1, 1)),
        (LargeBinary, os.urandom(16)),
        (JSONB, {}),
        (ARRAY, []),
        (Numeric, 1),
        (Integer, 1),
        (String, uuid.uuid4().hex[:12]),
    ]
    return next(value for kind, value in samples if isinstance(column.type, kind))
