"""Writes `demo/world.json`: the invented people, places and credentials of the demonstration.

Names, places and credentials come from `demo/ingredients.json`. `python -m scripts.make_world`
writes the file, with `--check` it fails when it differs; the same seed always gives the same file. Nobody
in it exists: the region part 429999 of the document numbers was never assigned, so no number can
be a real person's.
"""

import argparse
import base64
import hashlib
import json
import random
import sys
import uuid
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from scripts.world_officers import make_officers
from scripts.world_others import (
    NEVER_ASSIGNED_REGION,
    make_organisations,
    make_other_documents,
    with_check,
)

Entry = dict[str, Any]

DEMO = Path(__file__).resolve().parent.parent / "demo"
WORLD = DEMO / "world.json"
INGREDIENTS: Entry = json.loads((DEMO / "ingredients.json").read_text(encoding="utf-8"))
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "huiban.example")

RESIDENTS, COUPLES, FAMILIES_WITH_PARENTS = 240, 30, 25
PARENTS_WITHOUT_PHONE, CHILDREN, STAFF_PER_VENUE = 18, 48, 4

FIRST_WITH_RECORD = 201
RECORDS_SINCE = "2026-01-01T00:00:00+08:00"
PAYABLE = "可用姓名和证件号码查询并代缴"


class Maker:
    """Draws people one after the other; keeps numbers and phones unique."""

    def __init__(self) -> None:
        self.random = random.Random("huiban demo world 1")  # noqa: S311 - must repeat, not hide
        self.people: dict[str, Entry] = {}
        self.numbers: set[str] = set()
        self.phones = 0

    def person(self, key: str, role: str, name: str, sex: str, born: date) -> Entry:
        """A new person without phone, Han, of a Wuhan county, without family."""
        entry: Entry = {
            "key": key,
            "role": role,
            "name": name,
            "document_type": "resident_id",
            "document_number": self.document_number(born, sex),
            "sex": sex,
            "birth_date": born.isoformat(),
            "ethnic": "01",
            "region": self.region(),
            "phone": None,
            "openid": None,
            "parents": [],
            "children": [],
            "note": "",
        }
        self.people[key] = entry
        return entry

    def give_phone(self, entry: Entry) -> None:
        """The next phone of the invented range, and the WeChat identity that goes with it."""
        self.phones += 1
        entry["phone"] = f"1990000{self.phones:04d}"
        digest = hashlib.sha256(f"openid {entry['key']}".encode()).digest()
        entry["openid"] = "o" + base64.urlsafe_b64encode(digest).decode()[:27]

    def document_number(self, born: date, sex: str) -> str:
        """Region, birth date, a sequence odd for men, and the GB 11643 check character."""
        while True:
            sequence = self.random.randrange(int(sex == "1"), 1000, 2)
            number = with_check(f"{NEVER_ASSIGNED_REGION}{born:%Y%m%d}{sequence:03d}")
            if number not in self.numbers:
                self.numbers.add(number)
                return number

    def region(self) -> str:
        """Mostly a county of Wuhan, as a 12-digit code."""
        where = "wuhan" if self.random.random() < 0.8 else "elsewhere"
        return county_code(self.random.choice(INGREDIENTS["counties"][where]))

    def day(self, first_year: int, last_year: int) -> date:
        """A day in these years."""
        first = date(first_year, 1, 1)
        days = (date(last_year, 12, 31) - first).days
        return first + timedelta(days=self.random.randint(0, days))

    def name(self, sex: str, surname: str | None = None, letters: str | None = None) -> str:
        """A surname and one or two characters that fit."""
        pool = letters or INGREDIENTS["men" if sex == "1" else "women"]
        given = self.random.sample(pool, 1 if self.random.random() < 0.2 else 2)
        return (surname or self.random.choice(INGREDIENTS["surnames"])) + "".join(given)


def county_code(county: str) -> str:
    """The 12-digit code of a county's 6 digits."""
    return f"{county}000000"


def make_residents(maker: Maker) -> None:
    """r001 and r002 are a couple, r003 and r004, and so on; from r061 on people of all ages.

    A few have names that a careless program cuts, pads or rejects.
    """
    for index in range(1, RESIDENTS + 1):
        key = f"r{index:03d}"
        in_couple = index <= 2 * COUPLES
        sex = "2" if index % 2 else "1"
        name = maker.name(sex)
        born = maker.day(1978, 1988) if in_couple else maker.day(1946, 2007)
        if key == "r001":
            name, born = "李晓梅", date(1988, 3, 14)
        rare = INGREDIENTS["rare_people"].get(key, {})
        entry = maker.person(key, "resident", rare.get("name", name), rare.get("sex", sex), born)
        if rare:
            entry.update(ethnic=rare["ethnic"], region=county_code(rare["county"]))
        if in_couple and not index % 2:
            entry["region"] = maker.people[f"r{index - 1:03d}"]["region"]
        entry["note"] = f"{rare.get('why', '普通居民')}：申报健康状况后健康码应为绿码"
        maker.give_phone(entry)


def make_children(maker: Maker) -> None:
    """One or two children for every couple, with the father's surname."""
    for index in range(CHILDREN):
        couple = index % COUPLES
        mother = maker.people[f"r{2 * couple + 1:03d}"]
        father = maker.people[f"r{2 * couple + 2:03d}"]
        sex = maker.random.choice("12")
        born = maker.day(2015, 2019) if index < COUPLES else maker.day(2018, 2021)
        surname = father["name"][0]
        child = maker.person(
            f"c{index + 1:03d}", "child", maker.name(sex, surname, INGREDIENTS["small"]), sex, born
        )
        child["region"] = mother["region"]
        link(child, mother, father)
        child["note"] = (
            f"儿童，无手机号：由母亲{mother['name']}（{mother['phone']}）"
            f"或父亲{father['name']}（{father['phone']}）代办，可代展健康码"
        )


def make_parents(maker: Maker) -> None:
    """A father and a mother for one side of most couples; many of them have no account."""
    for family in range(FAMILIES_WITH_PARENTS):
        side = 2 * family + 1 + family % 2
        adult = maker.people[f"r{side:03d}"]
        year = int(adult["birth_date"][:4])
        for place, sex in enumerate("12"):
            index = 2 * family + place + 1
            surname = adult["name"][0] if sex == "1" else None
            born = maker.day(year - 33, year - 26) if family else date(1955 + 2 * place, 5, 20)
            parent = maker.person(f"p{index:03d}", "parent", maker.name(sex, surname), sex, born)
            parent["region"] = adult["region"]
            link(adult, parent)
            owner = f"{adult['name']}（{adult['phone']}）的{'父亲' if sex == '1' else '母亲'}"
            if sex == "1" and family < PARENTS_WITHOUT_PHONE:
                parent["note"] = (
                    f"{owner}，没有账号：{PAYABLE}，授权须在窗口、村级代办或由本人刷脸确认"
                )
            else:
                maker.give_phone(parent)
                parent["note"] = f"{owner}，有账号：{PAYABLE}，也可授权子女代办"


def link(child: Entry, *parents: Entry) -> None:
    """Note the kinship on both sides."""
    for parent in parents:
        child["parents"].append(parent["key"])
        parent["children"].append(child["key"])


def make_venues(maker: Maker) -> tuple[list[Entry], list[Entry]]:
    """The venues, and four people working at each."""
    venues: list[Entry] = []
    staff: list[Entry] = []
    for place in INGREDIENTS["venues"]:
        venue_id = str(uuid.uuid5(NAMESPACE, place["name"]))
        venue = {"id": venue_id, "name": place["name"], "kind": place["kind"]}
        venue.update(region=county_code(place["county"]), address=place["address"])
        venues.append(venue)
        for _ in range(STAFF_PER_VENUE):
            sex = maker.random.choice("12")
            person = maker.person(
                f"s{len(staff) + 1:03d}", "venue_staff", maker.name(sex), sex, maker.day(1975, 2004)
            )
            person["region"] = venue["region"]
            person["note"] = f"{venue['name']}工作人员：可在该场所扫码核验"
            maker.give_phone(person)
            staff.append({"person": person["key"], "venue_id": venue_id})
    return venues, staff


def make_health_records(maker: Maker) -> list[Entry]:
    """One resident of each category, with records that have not ended."""
    records: list[Entry] = []
    for offset, category in enumerate(INGREDIENTS["categories"]):
        person = maker.people[f"r{FIRST_WITH_RECORD + offset:03d}"]
        person["note"] = f"{category['label']}：健康码应为{category['colour']}"
        records.append(
            {
                "record_id": f"JL20260101{offset + 1:06d}",
                "document_number": person["document_number"],
                "category": category["code"],
                "since": RECORDS_SINCE,
                "until": None,
            }
        )
    return records


def note_paid_bills(maker: Maker) -> None:
    """Say of those whose bill was paid elsewhere that there is nothing left to pay."""
    bills = INGREDIENTS["medical_bills"]
    for key in bills["paid_elsewhere"]:
        maker.people[key]["note"] += f"；{bills['year']}年度居民医保已在别处缴纳，查不到待缴费用"


def contact_phones(maker: Maker) -> dict[str, str]:
    """Numbers only the department knows: two in three of the parents who have no account."""
    alone = [key for key, person in maker.people.items() if person["role"] == "parent"]
    alone = [key for key in alone if maker.people[key]["phone"] is None]
    return {key: f"1990009{place:04d}" for place, key in enumerate(alone, 1) if place % 3}


def make_deceased(maker: Maker) -> None:
    """Somebody only the population database knows, to try a stolen identity with."""
    person = maker.person("o001", "other", "吴故人", "1", date(1940, 2, 29))
    person["deceased"] = True
    person["note"] = "人口库登记为已死亡：用其身份实名认证应被拒绝"


def world_text() -> str:
    """The whole file."""
    maker = Maker()
    make_residents(maker)
    make_children(maker)
    make_parents(maker)
    venues, staff = make_venues(maker)
    records = make_health_records(maker)
    note_paid_bills(maker)
    make_deceased(maker)
    first = maker.people["r001"]
    first["note"] = (
        "从她开始：健康码应为绿码；可为没有手机的父亲（p001）查缴费用，"
        "可代孩子（c001）展码，可请母亲（p002）授权"
    )
    organisations = make_organisations(maker.people, INGREDIENTS["organisations"])
    world = {
        "notice": INGREDIENTS["notice"],
        "parties": INGREDIENTS["parties"],
        "people": list(maker.people.values()),
        "venues": venues,
        "venue_staff": staff,
        "other_documents": make_other_documents(INGREDIENTS["other_documents"]),
        "organisations": organisations,
        "officers": make_officers(maker.people, INGREDIENTS["officers"]),
        "health_records": records,
        "medical_bills": INGREDIENTS["medical_bills"] | {"contact_phones": contact_phones(maker)},
    }
    return json.dumps(world, ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Write the file or, with `--check`, compare; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when the file differs")
    made = world_text()
    if not parser.parse_args().check:
        WORLD.parent.mkdir(exist_ok=True)
        WORLD.write_text(made, encoding="utf-8")
        return 0
    if WORLD.is_file() and WORLD.read_text(encoding="utf-8") == made:
        return 0
    sys.stderr.write(f"{WORLD} differs from what scripts/make_world.py makes\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
