"""Who a process is, and how to end one without ever hitting a stranger.

A bare pid is reused sooner or later, so every process we may have to end is remembered by
pid, start time and boot, and looked up in /proc again before each signal.
"""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Identity:
    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        fields = _stat(pid)
        return None if fields is None else cls(pid, int(fields[19]), boot_id())

    def alive(self) -> bool:
        fields = _stat(self.pid)
        if fields is None or int(fields[19]) != self.started or boot_id() != self.boot:
            return False
        # A zombie holds no socket and no file: it only waits for its parent to notice.
        return fields[0] not in ("Z", "X")

    def works_in(self, directory: Path) -> bool:
        try:
            link = os.readlink(PROC / str(self.pid) / "cwd")
        except OSError:
            return False
        # The kernel marks a directory that was removed under a process.
        return Path(link.removesuffix(" (deleted)")) == directory.resolve()

    def signal(self, number: int) -> None:
        if self.alive():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True


def boot_id() -> str:
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third on: the second may hold blanks and brackets."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def descendants(pid: int) -> list[Identity]:
    found: list[Identity] = []
    parents = {pid}
    table = list(_parents())
    while parents:
        children = {child for child, parent in table if parent in parents}
        found += [identity for child in children if (identity := Identity.of(child))]
        parents = children
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) is not None:
            yield int(entry.name), int(fields[1])


def working_in(directory: Path) -> list[Identity]:
    everyone = (Identity.of(pid) for pid, _ in _parents())
    return [one for one in everyone if one and one.works_in(directory)]


def end(process: Identity, steps: Sequence[tuple[int, float]]) -> None:
    """Send each signal in turn, as long as the one before it was not enough."""
    for number, seconds in steps:
        process.signal(number)
        if process.wait(seconds):
            return
    kill_tree(process)


def kill_tree(process: Identity) -> None:
    """kill -9 of a process and all below it.

    PostgreSQL's processes each lead a session of their own, so killing a group would miss them;
    the parent is stopped first lest it fork another between the look and the blow.
    """
    process.signal(signal.SIGSTOP)
    victims = [process, *descendants(process.pid)] if process.alive() else []
    for victim in victims:
        victim.signal(signal.SIGKILL)
    for victim in victims:
        victim.wait(5)
