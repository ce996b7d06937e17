"""Names, numbers, phones, tokens and codes of people who use everything, rightly and wrongly, are looked
for in all that a thief of the machine would find: the files of the database with its write-ahead log (so
every job row that ever was), its rows as a dump writes them, Redis, logs and kept files.
"""

import pytest
from leaks import Spoils, live, plant, search

from scripts.environment import read_world
from scripts.stack import Layout, Stack

pytestmark = pytest.mark.timeout(600)

N = 50


@pytest.fixture
def stack(tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    with Stack(Layout(home=tmp_path, durable=False, logs=logs, trusted_proxies=1)) as running:
        yield running


def test_what_a_thief_of_the_machine_would_find_names_nobody(stack):
    people = [each for each in read_world()["people"] if each["key"].startswith("r")][:N]
    residents = live(stack, people)
    found, looked = search(Spoils(stack).places(), residents)
    secrets = sum(len(each.secrets) for each in residents)
    print(f"n = {len(residents)} people, {secrets} secrets, {looked / 1e6:.0f} MB looked through")
    assert found == set()
    assert secrets >= 9 * N
    plant(stack, residents)
    again, _ = search(Spoils(stack).places(), residents[:1])
    planted = {(what, where.split()[0]) for _, what, where in again}
    assert planted >= {
        ("document", "database"),
        ("document", "table"),
        ("phone", "redis"),
        ("name", "log"),
        ("device", "kept"),
    }
