"""Invented people for tests."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import date

from app.connectors.exchange import PopulationRecord
from app.core.db import unit_of_work
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

    @property
    def headers(self) -> dict[str, str]:
        """What a signed-in client sends."""
        return {"Authorization": f"Bearer {self.access_token}"}


def make_person(core: Core, level: str = "real_name") -> Invented:
    """A new invented person with an open session on `core`."""
    number = next(_numbers)
    phone = f"+86199{number + 10_000_000:08d}"
    document, name = resident_id(number), "测试" + chr(0x4E00 + number % 20_000)
    with unit_of_work(core) as session:
        account = account_of_phone(session, phone)
        if level == "real_name":
            claimed = real_name.claim(name, document)
            found = PopulationRecord("2", claimed.document.birth_date, False, "420106")
            account.person_id = real_name.person_of(session, claimed, found)
            account.level = "real_name"
            session.flush()
        granted = sessions.open_session(session, account, Device(f"d{number}", "测试机", "ios"))
    actor = tokens.read_access(core.keys, granted.access_token)
    return Invented(actor, phone, name, document, granted.access_token, granted.refresh_token)


def resident_id(number: int, born: date = date(1990, 1, 1)) -> str:
    """An invented resident ID with a good check character; its division was never assigned."""
    body = f"429999{born:%Y%m%d}{number % 1_000:03d}"
    if number >= 1_000:
        body = f"429998{date.fromordinal(born.toordinal() + number // 1_000):%Y%m%d}{number % 1_000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(w * int(d) for w, d in zip(weights, body, strict=True))
    return body + "10X98765432"[total % 11]
