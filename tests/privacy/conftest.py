"""People, doors and a health authority, as the health code's tests have them."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "healthcode"))


@pytest.fixture
def see_log(client):
    """`see_log(person)`: who used their data, as they are told."""

    def read(person, **headers):
        found = client.get("/api/v1/me/access-log", headers={**person.headers, **headers})
        assert found.status_code == 200, found.json
        return found.json["items"]

    return read
