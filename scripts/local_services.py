"""A private PostgreSQL and Redis that nobody has to install or configure.

Imported: `LocalServices(home).start()` gives the addresses. As a program:

    python scripts/local_services.py run --home DIR [--volatile] -- COMMAND...
    python scripts/local_services.py status --home DIR
    python scripts/local_services.py clean --home DIR
"""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

if __package__ in (None, ""):
    # Started by path: our own directory must not shadow the packages beside it.
    sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from scripts.local.databases import create_database, drop_database
from scripts.local.errors import LocalServicesError
from scripts.local.home import Home
from scripts.local.janitor import clean, watch
from scripts.local.services import Addresses, LocalServices

__all__ = [
    "Addresses",
    "LocalServices",
    "LocalServicesError",
    "clean",
    "create_database",
    "drop_database",
    "main",
]

NOT_RUNNING = 3


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return _perform(options)
    except LocalServicesError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def _perform(options: argparse.Namespace) -> int:
    if options.action == "run":
        return _run(options.home, options.command, durable=not options.volatile)
    if options.action == "status":
        return _status(options.home)
    if options.action == "clean":
        clean(options.home, stop_launcher=True)
    if options.action == "watch":
        watch(options.home)
    return 0


def _run(home: Path, command: list[str], *, durable: bool) -> int:
    """Run a command beside the servers; its exit status becomes ours."""
    stopping = _Stopping()
    with LocalServices(home, durable=durable) as services:
        environment = {**os.environ, **services.addresses.environment()}
        try:
            child = subprocess.Popen(command, env=environment)
        except OSError as error:
            print(f"无法执行 / cannot run {command[0]}: {error.strerror}", file=sys.stderr)
            return 127
        stopping.forward_to(child)
        status = child.wait()
    # What a shell reports for a command that a signal ended.
    return status if status >= 0 else 128 - status


class _Stopping:
    """Signals end the start-up at first, and are the command's business once it runs."""

    def __init__(self) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._leave)

    def _leave(self, number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    def forward_to(self, child: "subprocess.Popen[bytes]") -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda caught, frame: child.send_signal(caught))
        # The terminal sends Ctrl-C to the command as well; we only wait for it to end.
        signal.signal(signal.SIGINT, lambda caught, frame: None)


def _status(home: Path) -> int:
    record = Home(home).running()
    if record is None:
        print(f"{home}: 未运行 / not running")
        return NOT_RUNNING
    print(f"{home}: 运行中 / running (pid {record.launcher.pid})")
    for server, identity in (("postgres", record.postgres), ("redis", record.redis)):
        print(f"{server}: {f'pid {identity.pid}' if identity and identity.alive() else '-'}")
    for name, value in record.addresses.items():
        print(f"{name}={value}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="本地 PostgreSQL 与 Redis / local servers")
    actions = parser.add_subparsers(dest="action", required=True)
    for action in ("run", "status", "clean", "watch"):
        one = actions.add_parser(action)
        one.add_argument("--home", type=Path, required=True)
        if action == "run":
            one.add_argument("--volatile", action="store_true")
            one.add_argument("command", nargs="+")
    return parser


if __name__ == "__main__":
    sys.exit(main())
