"""What happens after a launcher: the watchdog that outlives it, the sweep, and `clean`.

The kernel's parent-death signal would need no watchdog, but it fires when the *thread* that
started a server ends, and a supervisor restarts servers from threads.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from scripts.local.errors import LocalServicesError
from scripts.local.home import (
    AREA_PARENT,
    AREA_PREFIX,
    HOME_FILE,
    LAUNCHER_FILE,
    PREFIX,
    SOCKET_PARENT,
    Home,
    remove_private,
)
from scripts.local.processes import Identity, working_in

ENTRY = Path(__file__).resolve().parents[1] / "local_services.py"
WATCH_SECONDS = 0.5
LAUNCHER_END_SECONDS = 30.0
SOCKETS = (".s.PGSQL.5432", "redis.sock")


def spawn_watchdog(home: Path) -> "subprocess.Popen[bytes]":
    """A process in a session of its own: neither Ctrl-C nor the death of our group ends it."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(ENTRY), "watch", "--home", str(home)],
        cwd="/",
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def watch(path: Path) -> None:
    """Wait until the parent is gone without having stopped us, then end what it left running."""
    home = Home(path)
    parent = os.getppid()
    record = home.record()
    while os.getppid() == parent:
        # Kept in memory as well, lest `rm -r` of the home leave servers behind for ever.
        record = home.record() or record
        time.sleep(WATCH_SECONDS)
    record = home.record() or record
    if record is None or record.launcher.pid != parent:
        return
    if home.path.is_dir():
        # Whoever holds the lock by now is a later start, and does this work itself.
        with contextlib.suppress(LocalServicesError):
            home.acquire(patience=0)
            home.recover(record)
            home.release()
    else:
        home.recover(record)


def clean(path: Path, *, stop_launcher: bool = False) -> None:
    """End what runs under a home and remove its data."""
    home = Home(path)
    if not (home.path / "lock").is_file():
        return
    running = home.running()
    if running and stop_launcher:
        running.launcher.signal(signal.SIGTERM)
        running.launcher.wait(LAUNCHER_END_SECONDS)
    home.acquire()
    try:
        home.recover(home.record())
        home.remove()
    finally:
        home.release()


def sweep() -> None:
    sweep_sockets()
    sweep_areas()


def sweep_sockets() -> None:
    """Remove socket directories whose launcher is dead and where nothing answers any more."""
    for private in SOCKET_PARENT.glob(f"{PREFIX}*"):
        launcher = _launcher(private)
        if launcher and not launcher.alive() and not any(_answers(private / s) for s in SOCKETS):
            remove_private(private)


def sweep_areas() -> None:
    """Remove volatile data in /var/tmp whose home was deleted, as temporary directories are."""
    for area in AREA_PARENT.glob(f"{AREA_PREFIX}*"):
        try:
            home = (area / HOME_FILE).read_text("utf-8") if _ours(area) else ""
        except OSError:
            continue
        if home and not Path(home).exists() and not any(map(working_in, area.glob("pg*"))):
            shutil.rmtree(area, ignore_errors=True)


def _ours(path: Path) -> bool:
    return path.stat().st_uid == os.geteuid()


def _launcher(private: Path) -> Identity | None:
    """Who made this directory; nothing when it is not ours to judge."""
    marker = private / LAUNCHER_FILE
    try:
        if not _ours(marker):
            return None
        return Identity(**json.loads(marker.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _answers(path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        client.connect(str(path))
        return True
    return False
