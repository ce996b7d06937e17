"""What a thief of the machine would find after five hundred people used everything."""

import json

import pytest
from leaks import Spoils, live, search
from support import resident_id

from scripts.environment import read_world
from scripts.stack import Layout, Stack

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1_800)]

N = 500
SYLLABLES = "嵘珩翀骐昳霁樾淏颢燚祎珺旻晗璟彧翊堃楹湉骞琯玥瑭"


def invented(number):
    """Somebody whose name is written nowhere else."""
    first, second = divmod(number, len(SYLLABLES))
    return {
        "key": f"l{number:03d}",
        "role": "resident",
        "name": f"亓{SYLLABLES[first]}{SYLLABLES[second]}",
        "document_type": "resident_id",
        "document_number": resident_id(number),
        "birth_date": "1990-01-01",
        "sex": "1",
        "ethnic": "01",
        "region": "420104000000",
        "phone": f"19899{number:06d}",
        "openid": f"oLeaks{number:022d}",
        "parents": [],
        "children": [],
        "note": "",
    }


def test_five_hundred_people_leave_nothing_a_thief_could_read(tmp_path, tell):
    people = [invented(number) for number in range(N)]
    world, logs = tmp_path / "world.json", tmp_path / "logs"
    known = read_world()
    world.write_text(json.dumps({**known, "people": known["people"] + people}))
    logs.mkdir()
    layout = Layout(home=tmp_path, durable=False, logs=logs, trusted_proxies=1, world=world)
    with Stack(layout) as stack:
        residents = live(stack, people)
        found, looked = search(Spoils(stack).places(), residents)
    secrets = sum(len(each.secrets) for each in residents)
    tell(
        "leaks",
        f"n = {N} people, {secrets} secrets in {looked / 1e6:.0f} MB of database files and rows,"
        f" Redis, logs and kept files: {len(found)} found",
    )
    assert found == set()
    assert secrets >= 9 * N
