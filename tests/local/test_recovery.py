"""What is left when a launcher dies, and what the next start makes of it."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local.home import AREA_PARENT, SOCKET_PARENT, Home, Record
from scripts.local.janitor import sweep
from scripts.local.processes import Identity
from scripts.local_services import LocalServices, LocalServicesError, clean

ENTRY = Path(__file__).resolve().parents[2] / "scripts/local_services.py"
KEEP = "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 42 AS answer"
LAUNCH = "import sys, time; print('up', flush=True); sys.stdin.read()"


@contextlib.contextmanager
def launcher(home: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that runs servers under this home until it is told to end."""
    command = [sys.executable, str(ENTRY), "run", "--home", str(home), "--volatile"]
    command += ["--", sys.executable, "-c", LAUNCH]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        yield process


def record_of(home: Path) -> Record:
    record = Home(home).record()
    assert record
    return record


def alive(record: Record) -> list[bool]:
    return [bool(one and one.alive()) for one in (record.postgres, record.redis)]


def kill_watchdog(home: Path) -> None:
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if b"watch" in words and os.fsencode(home) in words:
                os.kill(int(entry.name), signal.SIGKILL)


def test_the_watchdog_ends_the_servers_of_a_launcher_that_was_killed(home):
    with launcher(home) as process:
        record = record_of(home)
        assert alive(record) == [True, True]
        process.kill()

    deadline = time.monotonic() + 10
    while (any(alive(record)) or Path(record.private).exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive(record) == [False, False]
    assert not Path(record.private).exists()


def test_the_next_start_ends_what_launcher_and_watchdog_left_and_keeps_the_data(home, ask, do):
    with launcher(home) as process:
        left = record_of(home)
        do(left.addresses["DATABASE_OWNER_URL"], KEEP)
        kill_watchdog(home)
        process.kill()
    assert alive(left) == [True, True]

    with LocalServices(home, durable=False) as services:
        assert alive(left) == [False, False]
        assert not Path(left.private).exists()
        assert ask(services.addresses.owner_url, "SELECT answer FROM kept") == 42


def test_a_live_launcher_is_refused_to_others_until_it_ends(home):
    with launcher(home) as process:
        with pytest.raises(LocalServicesError, match=str(record_of(home).launcher.pid)):
            LocalServices(home).start()
        with pytest.raises(LocalServicesError, match="in use"):
            clean(home)
        process.communicate(timeout=20)

    with LocalServices(home, durable=False, redis=False):
        pass


def test_servers_of_another_home_are_left_alone(services, fresh, ask):
    """Start, recovery and cleaning of one home never reach over to another's servers."""
    with LocalServices(fresh, durable=False, redis=False):
        pass
    clean(fresh)

    assert ask(services.addresses.database_url, "SELECT 1") == 1


def test_a_record_that_names_a_foreign_server_does_not_end_it(services, tmp_path, ask):
    """As when a pid was reused, or a home was copied while its servers ran."""
    running = record_of(services.home.path)
    assert running.postgres
    copied = Home(tmp_path / "copied")
    dead = Identity(running.postgres.pid, started=1, boot="another")
    copied.acquire()
    elsewhere = Record(
        dead, str(tmp_path / "hb-none"), str(tmp_path / "copied/pg15"), postgres=running.postgres
    )
    same_pid = Record(dead, str(tmp_path / "hb-none"), running.data, postgres=dead)
    for record in (elsewhere, same_pid):
        copied.write(record)
        copied.recover(copied.record())
    copied.release()

    assert ask(services.addresses.database_url, "SELECT 1") == 1


def test_a_server_somebody_else_started_on_our_data_is_reported_and_not_ended(services, home, ask):
    """Our record is gone, so by all we know somebody else serves the data."""
    running = record_of(home)
    services.home.forget()
    services.home.release()
    stranger = LocalServices(home, durable=False, redis=False)

    with pytest.raises(LocalServicesError, match="did not start and will not end"):
        stranger.start()

    assert ask(services.addresses.database_url, "SELECT 1") == 1
    services.home.acquire()
    services.home.write(running)


def test_a_pid_file_whose_number_a_stranger_has_by_now_does_not_hinder(home, ask):
    with LocalServices(home, durable=False, redis=False) as services:
        data = Path(record_of(home).data)
        services.kill_postgres()
        lines = (data / "postmaster.pid").read_text().splitlines()
        # Our own parent lives, and serves no database.
        (data / "postmaster.pid").write_text("\n".join([str(os.getppid()), *lines[1:], ""]))
        services.start_postgres()
        assert ask(services.addresses.database_url, "SELECT 1") == 1


def test_socket_directories_of_dead_launchers_are_swept_away_and_no_others():
    made = []
    for identity in (Identity(1, 1, "another boot"), Identity.of(os.getpid())):
        private = SOCKET_PARENT / f"hb-test{os.getpid()}{len(made)}"
        private.mkdir(mode=0o700)
        marker = {"pid": identity.pid, "started": identity.started, "boot": identity.boot}
        (private / "launcher").write_text(json.dumps(marker))
        made.append(private)

    sweep()

    dead, living = made
    assert not dead.exists()
    assert living.exists()
    (living / "launcher").unlink()
    living.rmdir()


def test_volatile_data_outside_a_home_that_was_deleted_is_swept_away_and_no_other(tmp_path):
    made = []
    for home in (tmp_path / "deleted", tmp_path, ""):
        area = AREA_PARENT / f"huiban-test{os.getpid()}{len(made)}"
        (area / "pg15").mkdir(parents=True)
        (area / "home").write_text(str(home))
        made.append(area)

    sweep()

    assert [area.exists() for area in made] == [False, True, True]
    for area in made[1:]:
        shutil.rmtree(area)


def test_volatile_data_is_made_anew_after_the_machine_went_down_under_it(fresh, ask, do):
    with LocalServices(fresh, durable=False, redis=False) as services:
        do(services.addresses.owner_url, KEEP)
        record = record_of(fresh)
    before = Identity(record.launcher.pid, record.launcher.started, "an earlier boot")
    Home(fresh).write(Record(before, record.private, record.data, volatile=True))

    with LocalServices(fresh, durable=False, redis=False) as services:
        assert ask(services.addresses.owner_url, "SELECT to_regclass('kept')") is None


def test_a_first_start_that_was_cut_short_is_begun_again(fresh, monkeypatch):
    monkeypatch.setattr("scripts.local.databases.prepare", lambda url: sys.exit("cut short"))
    with pytest.raises(SystemExit):
        LocalServices(fresh, durable=False, redis=False).start()
    monkeypatch.undo()

    with LocalServices(fresh, durable=False, redis=False) as services:
        services.create_database("works")
