"""The account the servers run as: PostgreSQL refuses root, and Redis needs nothing root has."""

import contextlib
import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from scripts.local.errors import LocalServicesError

UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int
    switched: bool

    def run(self, command: list[str], cwd: Path, timeout: float = 60) -> str:
        """Run to the end and return what it printed; CalledProcessError carries both streams."""
        done = subprocess.run(
            command,
            cwd=cwd,
            env=_environment(),
            user=self.uid if self.switched else None,
            group=self.gid if self.switched else None,
            extra_groups=[] if self.switched else None,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            timeout=timeout,
        )
        return done.stdout

    def spawn(self, command: list[str], cwd: Path, log: IO[bytes]) -> "subprocess.Popen[bytes]":
        """Start a server in a session of its own, so that Ctrl-C reaches us and not the server."""
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=_environment(),
            user=self.uid if self.switched else None,
            group=self.gid if self.switched else None,
            extra_groups=[] if self.switched else None,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def own(self, directory: Path) -> None:
        directory.chmod(0o700)
        if self.switched:
            os.chown(directory, self.uid, self.gid)

    def can_keep_data_in(self, directory: Path) -> bool:
        """Try it: modes, access lists and file systems without owners all have a say."""
        probe = directory / f"probe-{os.getpid()}"
        try:
            probe.mkdir(mode=0o700)
            self.own(probe)
            self.run(["/bin/sh", "-c", 'cd "$1" && : > f && rm f', "sh", str(probe)], Path("/"))
            found = probe.stat()
            return (found.st_uid, found.st_mode & 0o777) == (self.uid, 0o700)
        except (OSError, subprocess.SubprocessError):
            return False
        finally:
            if probe.is_dir():
                probe.rmdir()


def server_account(home: Path) -> Account:
    """Ourselves; for root the user whose home this is already, as after `sudo`, else nobody."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switched=False)
    with contextlib.suppress(OSError, KeyError):
        owner = home.stat().st_uid
        if owner != 0:
            return Account(owner, pwd.getpwuid(owner).pw_gid, switched=True)
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise LocalServicesError(
            f"PostgreSQL 不能以 root 运行, 而系统里没有用户 {UNPRIVILEGED}。请改用普通用户运行。",
            f"PostgreSQL refuses to run as root and there is no user {UNPRIVILEGED} to run it as. "
            "Please run as an ordinary user.",
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, switched=True)


def _environment() -> dict[str, str]:
    """The caller's settings minus those that would steer the server (PGDATA, PGPORT, TZ, LC_*)."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "LC_")) and name not in ("LANG", "TZ", "HOME")
    }
    return {**kept, "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}
