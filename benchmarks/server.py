"""The product under measurement: its own servers, fresh data, the benchmark's WSGI application."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app import settings
from app.core.db import Database
from app.core.runtime import Core, build_core
from scripts.environment import ROOT
from scripts.local.home import Home
from scripts.local_services import clean
from scripts.stack import Layout, Part, Stack

HOME = ROOT / ".local" / "bench"
TARGET = "benchmarks.wsgi:application"
#: Milliseconds: filling goes in with large statements.
STATEMENT_MS = 60_000

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Processor:
    """Processor seconds used so far, by the web processes and by PostgreSQL."""

    web: float
    database: float

    def since(self, earlier: "Processor") -> "Processor":
        """What was used between two readings."""
        return Processor(self.web - earlier.web, self.database - earlier.database)


class MeasuredStack(Stack):
    """The whole product with durable commits, behind one trusted proxy, on an empty database."""

    def __init__(self) -> None:
        clean(HOME / "services")
        super().__init__(Layout(home=HOME, durable=True, trusted_proxies=1, quiet=True))

    def _command(self, part: Part) -> list[str]:
        return [TARGET if word == "wsgi:app" else word for word in super()._command(part)]

    def processor(self) -> Processor:
        """Read the processor time of the running processes."""
        record = Home(HOME / "services").running()
        if record is None or record.postgres is None:
            raise LookupError("PostgreSQL is not running")
        return Processor(
            web=_tree_seconds(self._processes["web"].pid),
            database=_tree_seconds(record.postgres.pid),
        )


@contextmanager
def opened_core(stack: Stack) -> Iterator[Core]:
    """The product's core beside the running product, with its keys loaded."""
    before = dict(os.environ)
    os.environ.update(stack.environment())
    try:
        configuration = settings.load()
    finally:
        os.environ.clear()
        os.environ.update(before)
    database = Database(configuration.database_url, pool_size=2, statement_ms=STATEMENT_MS)
    core = build_core(configuration, database)
    core.load_keys()
    try:
        yield core
    finally:
        core.close()


def _tree_seconds(root: int) -> float:
    """Seconds used by a process and all below it."""
    parents: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The second field, the name, may hold blanks and ends with the last bracket.
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            pid = int(entry.name)
            parents[pid] = int(fields[1])
            seconds[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
    return sum(used for pid, used in seconds.items() if _is_below(pid, root, parents))


def _is_below(pid: int, root: int, parents: dict[int, int]) -> bool:
    while pid != root and pid in parents:
        pid = parents[pid]
    return pid == root
