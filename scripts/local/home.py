"""The directory that belongs to one launcher at a time: lock, record of what runs, data."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from scripts.local.accounts import Account
from scripts.local.errors import LocalServicesError
from scripts.local.processes import Identity, boot_id, end

PREFIX = "hb-"
SOCKET_PARENT = Path("/tmp")
LONGEST_SOCKET_PATH = 107
LONGEST_SOCKET_NAME = "/.s.PGSQL.5432"
PATIENCE_SECONDS = 10.0
LAUNCHER_FILE = "launcher"
AREA_PARENT = Path("/var/tmp")
AREA_PREFIX = "huiban-"
HOME_FILE = "home"
OURS = ("pg[0-9]*", "wheels", "*.log", "area", "services.json*", "lock")

# Fast shutdown, then immediate; what still lives after that is killed with its children.
POSTGRES_END = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0))
REDIS_END = ((signal.SIGTERM, 3.0),)


@dataclass(frozen=True)
class Record:
    """What the next start needs to clean up after a launcher that died."""

    launcher: Identity
    private: str
    data: str = ""
    volatile: bool = False
    addresses: dict[str, str] = field(default_factory=dict)
    postgres: Identity | None = None
    redis: Identity | None = None

    @classmethod
    def read(cls, path: Path) -> "Record | None":
        try:
            raw = json.loads(path.read_text("utf-8"))
            who = {
                name: Identity(**raw[name]) if raw[name] else None
                for name in ("launcher", "postgres", "redis")
            }
            return cls(**{**raw, **who})
        except (OSError, ValueError, KeyError, TypeError):
            return None


class Home:
    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None

    def log(self, server: str) -> Path:
        return self.path / f"{server}.log"

    # --- one launcher at a time -------------------------------------------------------------

    def acquire(self, patience: float = PATIENCE_SECONDS) -> None:
        """Take the lock; wait for it only while its holder is cleaning up after a dead launcher."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except PermissionError:
            raise LocalServicesError(
                f"无法写入 {self.path}: 它属于另一个用户(是否曾用 sudo 运行过?)。"
                "请用该用户运行, 或删除它。",
                f"Cannot write {self.path}: it belongs to another user (was it made with sudo?). "
                "Run as that user, or remove it.",
            ) from None
        deadline = time.monotonic() + patience
        while not _locked(handle):
            if self.running() or time.monotonic() > deadline:
                os.close(handle)
                raise self._in_use()
            time.sleep(0.05)
        self._lock = handle

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def running(self) -> Record | None:
        """The record of a launcher that lives, else nothing."""
        record = self.record()
        return record if record and record.launcher.alive() else None

    def _in_use(self) -> LocalServicesError:
        record = self.record()
        pid = record.launcher.pid if record else "?"
        return LocalServicesError(
            f"{self.path} 正被另一个进程使用(进程号 {pid})。请先结束它, 或使用另一个目录。",
            f"{self.path} is in use by another process (pid {pid}). End it first, or use another "
            "directory.",
        )

    # --- what runs ----------------------------------------------------------------------------

    def record(self) -> Record | None:
        return Record.read(self.path / "services.json")

    def write(self, record: Record) -> None:
        draft = self.path / "services.json.new"
        draft.write_text(json.dumps(asdict(record), indent=1), "utf-8")
        draft.replace(self.path / "services.json")

    def forget(self) -> None:
        (self.path / "services.json").unlink(missing_ok=True)

    def recover(self, record: Record | None) -> None:
        """With the lock held: end what a dead launcher of this home left, and nothing else."""
        if record is None:
            return
        private, data = Path(record.private), Path(record.data)
        if record.postgres and record.data and record.postgres.works_in(data):
            end(record.postgres, POSTGRES_END)
        if record.redis and record.redis.works_in(private):
            end(record.redis, REDIS_END)
        remove_private(private)
        if record.volatile and record.data and record.launcher.boot != boot_id():
            # The machine went down under data that was never forced to the disk.
            shutil.rmtree(data, ignore_errors=True)
        self.forget()

    # --- data ---------------------------------------------------------------------------------

    def area(self, account: Account, *, durable: bool) -> Path:
        """Where the servers' account can keep data: here, else in /var/tmp with a pointer here."""
        area = self._area(account)
        if area != self.path:
            # For the sweep: where nobody asked for durability, data ends with its home.
            (area / HOME_FILE).write_text("" if durable else str(self.path), "utf-8")
        return area

    def _area(self, account: Account) -> Path:
        pointer = self.path / "area"
        if pointer.is_file():
            kept = Path(pointer.read_text("utf-8").strip())
            if kept.is_dir() and kept.stat().st_uid == os.geteuid():
                return kept
        if account.can_keep_data_in(self.path):
            return self.path
        parent = AREA_PARENT if AREA_PARENT.is_dir() else None
        made = Path(tempfile.mkdtemp(prefix=AREA_PREFIX, dir=parent))
        made.chmod(0o711)
        pointer.write_text(f"{made}\n", "utf-8")
        return made

    def remove(self) -> None:
        """With the lock held: forget everything, data included, but only what we put here."""
        pointer = self.path / "area"
        if pointer.is_file():
            area = Path(pointer.read_text("utf-8").strip())
            if area.name.startswith(AREA_PREFIX) and area.is_dir():
                shutil.rmtree(area)
        for pattern in OURS:
            for path in self.path.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        with contextlib.suppress(OSError):
            self.path.rmdir()


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def make_private(account: Account) -> Path:
    """A new directory for the sockets, short because a socket's path may have 107 bytes at most."""
    parent = SOCKET_PARENT if os.access(SOCKET_PARENT, os.W_OK) else Path(tempfile.gettempdir())
    private = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent)).resolve()
    if len(os.fsencode(private)) + len(LONGEST_SOCKET_NAME) > LONGEST_SOCKET_PATH:
        private.rmdir()
        raise LocalServicesError(
            f"套接字目录 {private} 的路径太长。请把 TMPDIR 设为较短的目录。",
            f"The path of the socket directory {private} is too long. Set TMPDIR to a shorter one.",
        )
    launcher = Identity.of(os.getpid())
    (private / LAUNCHER_FILE).write_text(json.dumps(asdict(launcher)) if launcher else "", "utf-8")
    account.own(private)
    return private


def remove_private(private: Path) -> None:
    if private.name.startswith(PREFIX):
        shutil.rmtree(private, ignore_errors=True)
