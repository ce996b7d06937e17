"""The invented world is complete, consistent and can belong to nobody real."""

import re
import subprocess
import sys
import uuid
from collections import Counter
from datetime import date, datetime
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
REFERENCE = date(2026, 1, 1)


def check_character(seventeen: str) -> str:
    """As GB 11643 defines it, from the standard's own weights."""
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, seventeen, strict=True))
    return "10X98765432"[total % 11]


def age(person) -> int:
    return (REFERENCE - date.fromisoformat(person["birth_date"])).days // 365


def of_role(world, role):
    return [person for person in world["people"] if person["role"] == role]


def test_the_check_used_here_agrees_with_the_numbers_printed_in_the_standard():
    assert check_character("11010519491231002") == "X"
    assert check_character("44052418800101001") == "4"


def test_every_document_number_is_valid_and_of_the_region_that_was_never_assigned(world):
    for person in world["people"]:
        number = person["document_number"]
        assert re.fullmatch(r"429999\d{11}[0-9X]", number)
        assert number[17] == check_character(number[:17])
        assert number[6:14] == person["birth_date"].replace("-", "")
        assert int(number[16]) % 2 == int(person["sex"] == "1")


def test_keys_numbers_phones_and_openids_are_unique(world):
    for field in ("key", "document_number", "phone", "openid"):
        values = [person[field] for person in world["people"] if person[field]]
        assert len(values) == len(set(values))


def test_phones_are_of_the_invented_range_with_the_residents_first(world):
    phones = [person["phone"] for person in world["people"] if person["phone"]]
    assert all(re.fullmatch(r"1990000\d{4}", phone) for phone in phones)
    residents = [person["phone"] for person in of_role(world, "resident")]
    assert residents == [f"1990000{n:04d}" for n in range(1, len(residents) + 1)]
    for person in world["people"]:
        assert (person["phone"] is None) == (person["openid"] is None)


def test_there_are_enough_people_of_each_role(world):
    residents, parents = of_role(world, "resident"), of_role(world, "parent")
    assert len(residents) >= 200
    assert all(person["phone"] for person in residents)
    assert len(parents) >= 40
    assert sum(person["phone"] is None for person in parents) >= 10
    assert len(of_role(world, "child")) >= 40
    staff = of_role(world, "venue_staff")
    assert len(staff) >= 50
    assert all(person["phone"] for person in staff)


def test_children_are_children_and_parents_are_old(world):
    assert all(0 <= age(child) < 14 for child in of_role(world, "child"))
    assert all(60 <= age(parent) <= 88 for parent in of_role(world, "parent"))
    assert not any(child["phone"] for child in of_role(world, "child"))


def test_kinship_is_noted_on_both_sides_and_leaves_a_generation_between(world, people):
    for person in world["people"]:
        for key in person["parents"]:
            assert person["key"] in people[key]["children"]
            assert 18 <= age(people[key]) - age(person) <= 45
        for key in person["children"]:
            assert person["key"] in people[key]["parents"]
    assert all(child["parents"] for child in of_role(world, "child"))
    assert all(parent["children"] for parent in of_role(world, "parent"))


def test_the_first_resident_has_a_child_and_a_father_without_a_phone(people):
    first = people["r001"]
    assert first["sex"] == "2"
    father, mother = (people[key] for key in first["parents"])
    assert (father["sex"], father["phone"], age(father)) == ("1", None, 70)
    assert mother["sex"] == "2"
    assert first["children"]


def test_names_include_the_ones_programs_get_wrong(world):
    names = [person["name"] for person in world["people"]]
    assert any(name.startswith("欧阳") for name in names)
    assert any(name.startswith("司马") for name in names)
    assert any("·" in name for name in names)
    assert any(ord(letter) > 0xFFFF for name in names for letter in name)


def test_staff_work_at_venues_that_exist_all_over_the_city(world, people):
    venues = {venue["id"]: venue for venue in world["venues"]}
    assert len(venues) >= 12
    for venue_id, venue in venues.items():
        assert uuid.UUID(venue_id).version == 5
        assert all(venue[field] for field in ("name", "kind", "region", "address"))
    employed = Counter(entry["person"] for entry in world["venue_staff"])
    assert set(employed) == {person["key"] for person in of_role(world, "venue_staff")}
    assert {entry["venue_id"] for entry in world["venue_staff"]} == set(venues)
    assert len({venue["region"] for venue in venues.values()}) >= 10


def test_most_people_live_in_wuhan_and_all_in_twelve_digit_counties(world):
    regions = [person["region"] for person in world["people"]]
    assert all(re.fullmatch(r"42\d{4}000000", region) for region in regions)
    assert sum(region.startswith("4201") for region in regions) > len(regions) / 2


def test_each_category_of_the_health_authority_has_its_resident(world):
    residents = {person["document_number"]: person for person in of_role(world, "resident")}
    records = world["health_records"]
    assert [record["category"] for record in records] == [f"{n:02d}" for n in range(1, 9)]
    for record in records:
        assert "健康码应为" in residents[record["document_number"]]["note"]
        assert datetime.fromisoformat(record["since"]).tzinfo is not None
        assert record["until"] is None


def test_merchants_are_told_apart_by_everything_but_the_app(world):
    merchants = world["parties"]["wechatpay"]["merchants"]
    assert len(merchants) >= 2
    for field in ("ref", "mchid", "name", "certificate_serial", "notify_id"):
        assert len({merchant[field] for merchant in merchants}) == len(merchants)
    assert {merchant["appid"] for merchant in merchants} == {world["parties"]["wechat"]["appid"]}


def test_bills_are_marked_as_invented_and_most_are_open(world, people):
    bills = world["medical_bills"]
    assert "演示" in bills["remark"]
    assert isinstance(bills["amount_fen"], int)
    assert {people[key]["role"] for key in bills["paid_elsewhere"]} == {"resident"}
    assert len(bills["paid_elsewhere"]) < 20


def test_everybody_has_a_note_and_the_file_says_it_is_invented(world):
    assert all(person["note"] for person in world["people"])
    assert "虚构" in world["notice"]["zh"]
    assert "invented" in world["notice"]["en"]


def test_the_file_is_what_its_generator_makes():
    command = [sys.executable, "-m", "scripts.make_world", "--check"]
    made = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
