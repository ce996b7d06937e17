"""The metrics of several real processes in one folder, as operators read them."""

import os
import subprocess
import sys
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.core import metrics
from scripts.environment import ROOT

READER = """
import sys, app.core.freshness
assert app.core.freshness.Freshness(sys.argv[1], lambda: None).read_once()
print("read", flush=True)
input()
"""
#: Imports the same and reads nothing, like a command.
BYSTANDER = "import app.core.freshness; print('here', flush=True); input()"


@pytest.fixture
def begin(tmp_path, live_core):
    """`begin(code)`: a process that writes into the folder and lives until it is killed."""
    begun = []

    def start(code):
        process = subprocess.Popen(
            [sys.executable, "-c", code, live_core.settings.database_url],
            cwd=ROOT,
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        begun.append(process)
        process.first = process.stdout.readline().decode()
        assert process.first
        return process

    yield start
    for process in begun:
        process.kill()
        process.communicate()


@pytest.fixture
def behind(tmp_path, session, monkeypatch):
    """How many seconds the process furthest behind is behind; None if nobody reads."""
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))

    def read():
        text = metrics.render(session).decode()
        values = [
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "huiban_freshness_read_timestamp_seconds"
        ]
        return time.time() - values[0] if values else None

    return read


def test_a_process_that_never_reads_the_list_raises_no_alarm(begin, behind):
    begin(BYSTANDER)
    assert behind() is None
    begin(READER)
    assert 0 <= behind() < 5


def test_a_living_process_that_fell_behind_is_seen_beside_one_that_did_not(begin, behind):
    begin(READER)
    time.sleep(1.5)
    begin(READER)
    assert 1.5 <= behind() < 5


def test_a_process_that_was_killed_is_not_taken_for_one_that_fell_behind(begin, behind, tmp_path):
    killed = begin(READER)
    time.sleep(1.5)
    begin(READER)
    killed.kill()
    killed.wait()
    assert 0 <= behind() < 1.5
    assert len(list(tmp_path.glob("gauge_live*.db"))) == 1


def test_what_is_read_from_the_database_does_not_grow_old_in_the_folder(begin, tmp_path):
    looker = """
import sys
from app.core import metrics
from app.core.db import Database
session = Database(sys.argv[1], pool_size=1).session(None)
figure = metrics.Figure("huiban_waiting", "Waiting", 3, {"because": "x"})
found = metrics.render(session, [figure]).decode().splitlines()
print([line for line in found if line.startswith("huiban_waiting")], flush=True)
found = metrics.render(session).decode()
print("huiban_waiting" in found, flush=True)
input()
"""
    process = begin(looker)
    assert process.first.strip() == "['huiban_waiting{because=\"x\"} 3.0']"
    assert process.stdout.readline().decode().strip() == "False"
