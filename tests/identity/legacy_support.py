"""Files of departments' users, and the command that imports them."""

import csv

from support import resident_id

from app.core.db import unit_of_work
from app.identity import real_name
from app.identity.legacy import importing
from app.identity.legacy.reading import COLUMNS
from app.identity.models import Account

SOURCE = "wuhan-gjj"


def a_row(number, **other):
    """An invented user of a department's system that nobody here is."""
    return {
        "external_id": f"GJJ{number:08d}",
        "phone": f"198{number:08d}",
        "name": "存量" + chr(0x4E00 + number % 20_000),
        "document_type": "resident_id",
        "document_number": resident_id(500_000 + number),
        "registered_at": "2019-05-04",
    } | other


def row_of(person, **other):
    """The same of an invented person."""
    own = {"name": person.name, "document_number": person.document_number, "phone": person.phone}
    return a_row(1, **own) | other


def write(path, rows, columns=COLUMNS):
    """A department's file."""
    with path.open("w", encoding="utf-8", newline="") as lines:
        table = csv.DictWriter(lines, columns, extrasaction="ignore")
        table.writeheader()
        table.writerows(rows)
    return path


def enter(core, code=SOURCE):
    """Enter a department's system."""
    with unit_of_work(core) as session:
        importing.enter_source(session, code, "武汉公积金网", "Wuhan housing fund")


def prove(core, account_id, name, document_number):
    """Let the account stand for this person, as the authorities' answer does."""
    with unit_of_work(core) as session:
        claimed = real_name.claim(name, document_number)
        found = real_name.PersonRecord("2", claimed.document.birth_date, False, "420106")
        person_id = real_name.person_of(session, claimed, found)
        account = session.get_one(Account, account_id)
        real_name.bind(session, account, person_id)
    return person_id
