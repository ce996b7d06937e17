import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.local_services import clean

ENTRY = Path(__file__).resolve().parents[2] / "scripts/local_services.py"


def call(action: str, home: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(ENTRY), action, "--home", str(home), *more]
    return subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=60)


def python(code: str) -> list[str]:
    return ["--volatile", "--", sys.executable, "-c", code]


def test_the_command_finds_the_addresses_in_its_environment_and_its_status_is_ours(home):
    code = """
import os, psycopg, redis, sys
for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_ADMIN_URL"):
    with psycopg.connect(os.environ[name]) as connection:
        print(connection.execute("SELECT current_user").fetchone()[0])
print(redis.Redis.from_url(os.environ["REDIS_URL"]).ping())
sys.exit(7)
"""
    done = call("run", home, *python(code))

    assert done.stdout.split() == ["huiban_app", "huiban_owner", "postgres", "True"]
    assert done.returncode == 7


def test_a_command_that_a_signal_ended_gives_what_a_shell_would_report(home):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert call("run", home, *python(code)).returncode == 128 + signal.SIGKILL


def test_a_command_that_does_not_exist_is_said_so(home):
    done = call("run", home, "--volatile", "--", "/no/such/command")

    assert done.returncode == 127
    assert "cannot run /no/such/command" in done.stderr


def test_a_request_to_end_reaches_the_command_and_then_the_servers(home):
    code = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
print("up", flush=True)
signal.pause()
"""
    command = [sys.executable, str(ENTRY), "run", "--home", str(home), *python(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        running = call("status", home)
        process.terminate()
        assert process.wait(20) == 9

    assert running.returncode == 0
    assert f"DATABASE_URL=postgresql://huiban_app@/huiban?host={os.sep}" in running.stdout
    assert call("status", home).returncode == 3


def test_cleaning_ends_the_launcher_and_removes_everything(fresh):
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    command = [sys.executable, str(ENTRY), "run", "--home", str(fresh), *python(code)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        assert call("clean", fresh).returncode == 0
        assert process.wait(20) == 128 + signal.SIGTERM

    assert not fresh.exists()


def test_cleaning_leaves_alone_what_is_no_home_of_ours_and_files_it_did_not_make(tmp_path, home):
    (tmp_path / "precious").write_text("mine")
    clean(tmp_path)
    (tmp_path / "lock").touch()
    clean(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_failure_is_told_in_both_languages_without_a_trace(home, monkeypatch):
    monkeypatch.setenv("HUIBAN_LOCAL", "docker")
    done = call("run", home, "--", "true")

    assert done.returncode == 1
    assert "只能是 system 或 wheels" in done.stderr
    assert "must be system or wheels" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [[], ["run", "--home", "x"], ["fly", "--home", "x"]])
def test_wrong_words_give_the_usage(words):
    done = subprocess.run([sys.executable, str(ENTRY), *words], capture_output=True, text=True)

    assert done.returncode == 2
    assert "usage:" in done.stderr
