"""Codes of matters, offices and divisions: taken apart, and refused."""

import csv
from pathlib import Path

import pytest

from app.catalogue import codes
from app.catalogue.services import DATA

VECTORS = list(
    csv.DictReader(
        Path(__file__).with_name("uscc_vectors.csv").read_text(encoding="utf-8").splitlines()
    )
)
ENTRIES = list(csv.DictReader((DATA / "matters.csv").read_text(encoding="utf-8").splitlines()))
REAL = "1142000001104331372000164154001" + "02"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["uscc"])
def test_a_credit_code_is_judged_by_both_check_characters(vector):
    assert codes.is_uscc(vector["uscc"]) is (vector["valid"] == "true")


def test_every_single_changed_character_of_a_credit_code_is_noticed():
    good = "11420000011043372A"
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    for place, right in enumerate(good):
        for other in set(alphabet) - {right}:
            assert not codes.is_uscc(good[:place] + other + good[place + 1 :])


def test_all_626_real_codes_are_taken_apart():
    real = [entry["transact_code"] for entry in ENTRIES if entry["transact_code"]]
    parsed = [codes.parse_transact(code) for code in real]
    assert len(real) == 626
    assert all(parsed)
    scopes = [code.implementation.base.scope for code in parsed]
    assert (scopes.count("00"), scopes.count("42")) == (352, 274)


def test_a_transact_code_tells_its_parts():
    code = codes.parse_transact("11420000011043372A2422023073W0001")
    assert code.number == "01"
    assert code.implementation.uscc == "11420000011043372A"
    assert code.implementation.level == 2
    base = code.implementation.base
    assert (base.scope, base.type, base.department) == ("42", "20", "23")
    assert (base.serial, base.item, base.local_item) == ("073", "W00", True)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        REAL[:-1],
        REAL + "1",
        REAL[:-2] + "0A",
        REAL[:18] + "7" + REAL[19:],
        REAL[:17] + "8" + REAL[18:],
        REAL.replace("000164154001", "110164154001"),
        REAL.replace("000164154001", "001164154001"),
        REAL.replace("000164154001", "000164154X01"),
        REAL.replace("000164154001", "000164154w01"),
        REAL.replace("1", "１"),
        REAL + "\n",
    ],
)
def test_a_wrong_transact_code_is_refused(wrong):
    assert codes.parse_transact(wrong) is None


def test_artificial_codes_are_stable_and_no_real_one_can_look_like_them():
    code = codes.artificial_code("公安", "新生儿入户", "", "省/市/县")
    assert code == codes.artificial_code("公安", "新生儿入户 ", "", "省/市/县")
    assert code != codes.artificial_code("公安", "新生儿入户", "", "县级")
    assert codes.is_artificial(code)
    assert codes.parse_base(code) is None
    assert not codes.is_artificial("ZZ12345678")
    assert not codes.is_artificial("422023073W00")


def test_every_shipped_artificial_code_is_that_of_its_entry():
    for entry in ENTRIES:
        if entry["origin"] != "hubei":
            parts = (entry["department"], entry["name"], entry["item_name"], entry["level"])
            assert entry["base_code"] == codes.artificial_code(*parts)


@pytest.mark.parametrize(
    ("text", "level", "own_digits"),
    [
        ("420000000000", 2, "42"),
        ("420100000000", 3, "4201"),
        ("420106000000", 4, "420106"),
        ("429004000000", 4, "429004"),
        ("420106001000", 5, "420106001"),
        ("420106001002", 6, "420106001002"),
    ],
)
def test_a_divisions_code_says_its_level(text, level, own_digits):
    code = codes.parse_region(text)
    assert (code.level, code.own_digits) == (level, own_digits)


@pytest.mark.parametrize(
    "wrong", ["", "42", "42010600000", "4201060000000", "42010600000x", "000000000000"]
)
def test_a_wrong_divisions_code_is_refused(wrong):
    assert codes.parse_region(wrong) is None
