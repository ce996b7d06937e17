"""One PostgreSQL: makes its data directory, starts it, waits until it answers."""

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from scripts.local.accounts import Account
from scripts.local.binaries import Postgres
from scripts.local.errors import LocalServicesError
from scripts.local.processes import POLL_SECONDS, Identity, working_in

SUPERUSER = "postgres"
START_SECONDS = 60.0
ORPHAN_SECONDS = 10.0
STATUS_LINE = 7  # of postmaster.pid, counted from 0: "ready" once connections are taken

SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Our queries are short: compiling them costs more than it gains.
    "jit": "off",
}
# Commits stay synchronous: without fsync that costs nothing, and what was committed is still there
# after kill -9 of the server.
VOLATILE = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class PostgresServer:
    binaries: Postgres
    account: Account
    area: Path
    private: Path
    log: Path
    durable: bool

    @property
    def data(self) -> Path:
        return data_directory(self.area, self.binaries.major)

    def prepare(self) -> None:
        """Make the data directory, whole or not at all."""
        if (self.data / "PG_VERSION").is_file():
            return
        draft = self.data.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self.account.own(draft)
        command = [str(self.binaries.bin / "initdb"), "-D", str(draft), "-U", SUPERUSER]
        command += ["-A", "trust", "-E", "UTF8", "--locale=C"]
        # Data that may vanish with the machine need not be forced to the disk either.
        command += [] if self.durable else ["--no-sync"]
        try:
            self.account.run(command, self.area)
        except (OSError, subprocess.SubprocessError) as error:
            detail = getattr(error, "stdout", "") or ""
            self.log.write_text(str(detail), "utf-8")
            raise LocalServicesError(
                f"无法建立 PostgreSQL 数据目录 {self.data}: {error}",
                f"Could not make the PostgreSQL data directory {self.data}: {error}",
                self.log,
            ) from error
        # Only the sockets are served, and only those who can enter their directory reach them.
        (draft / "pg_hba.conf").write_text("local all all trust\n", "ascii")
        draft.rename(self.data)

    def spawn(self) -> "subprocess.Popen[bytes]":
        self._clear_stale_pid_file()
        self._wait_for_orphans()
        settings = {**SETTINGS, **({} if self.durable else VOLATILE)}
        command = [str(self.binaries.bin / "postgres"), "-D", str(self.data)]
        command += ["-k", str(self.private)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            return self.account.spawn(command, self.area, log)

    def wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            lines = self._pid_file()
            if lines[:1] == [str(process.pid)] and lines[STATUS_LINE:] == ["ready"]:
                return
            time.sleep(POLL_SECONDS)
        raise LocalServicesError("PostgreSQL 未能启动。", "PostgreSQL did not start.", self.log)

    def _pid_file(self) -> list[str]:
        try:
            return [
                line.strip()
                for line in (self.data / "postmaster.pid").read_text("utf-8").splitlines()
            ]
        except OSError:
            return []

    def _clear_stale_pid_file(self) -> None:
        """PostgreSQL sees itself when the pid is free; not when a stranger has it by now."""
        lines = self._pid_file()
        if not lines or not lines[0].isdigit():
            return
        holder = Identity.of(int(lines[0]))
        if holder is None or not holder.alive():
            return
        if holder.works_in(self.data):
            raise LocalServicesError(
                f"数据目录 {self.data} 正由另一个 PostgreSQL(进程号 {holder.pid})使用, "
                "它不是由本程序启动的, 因此不会被结束。请自行结束它。",
                f"The data directory {self.data} is served by another PostgreSQL (pid "
                f"{holder.pid}) which this program did not start and will not end. "
                "Please end it yourself.",
            )
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _wait_for_orphans(self) -> None:
        """A killed postmaster's children go by themselves, but no new one may start before."""
        deadline = time.monotonic() + ORPHAN_SECONDS
        while working_in(self.data) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)


def data_directory(area: Path, major: int) -> Path:
    return area / f"pg{major}"


def data_majors(area: Path) -> list[int]:
    """The majors that have data here, last used first."""
    found = {
        path.parent: path.stat().st_mtime
        for version in area.glob("pg*/PG_VERSION")
        for path in [_last_used(version)]
        if version.parent.name[2:].isdigit()
    }
    return [int(path.name[2:]) for path in sorted(found, key=lambda path: -found[path])]


def _last_used(version: Path) -> Path:
    options = version.with_name("postmaster.opts")
    return options if options.exists() else version
