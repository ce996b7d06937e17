"""The whole product on one machine: servers, stand-ins, web, worker. Used by run, demo, bench, tests."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Literal
from urllib.error import URLError
from urllib.request import urlopen

from scripts.environment import (
    ROOT,
    WORLD,
    clean_environment,
    product_environment,
    stub_keys,
)
from scripts.local_services import Addresses, LocalServices

Part = Literal["stubs", "web", "worker"]
PARTS: tuple[Part, ...] = ("stubs", "web", "worker")
READY_WITHIN = 60.0
#: In the demonstration's folder: what commands beside it need to know.
ENVIRONMENT_FILE = "environment.json"


class StackError(Exception):
    """The product could not be started; the message says which part and what to look at."""


@dataclass(frozen=True)
class Layout:
    """Where and how large. Ports 0 mean: choose a free one."""

    home: Path
    port: int = 0
    stubs_port: int = 0
    durable: bool = True
    workers: int = field(default_factory=lambda: os.cpu_count() or 2)
    trusted_proxies: int = 0
    #: Whom the stand-ins know.
    world: Path = WORLD
    #: What browsers call this machine: `localhost`, where passkeys are to be had.
    host: Literal["127.0.0.1", "localhost"] = "127.0.0.1"
    #: The parts say nothing instead of using our own output.
    quiet: bool = False
    #: A folder for the output of each part, access log included, in a file of its name.
    logs: Path | None = None


class Stack:
    """Starts everything in order, restarts what dies, ends what it started."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.port = layout.port or free_port()
        self.stubs_port = layout.stubs_port or free_port()
        self.url = f"http://{layout.host}:{self.port}"
        self.stubs_url = f"http://127.0.0.1:{self.stubs_port}"
        self.services = LocalServices(layout.home / "services", durable=layout.durable)
        self._processes: dict[Part, subprocess.Popen[bytes]] = {}
        self._environment: dict[str, str] = {}

    def __enter__(self) -> "Stack":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Bring everything up and wait until /readyz says so. Raises `StackError`."""
        for port, variable in ((self.port, "PORT"), (self.stubs_port, "STUBS_PORT")):
            if not is_free(port):
                raise StackError(
                    f"端口 {port} 已被占用，请用 {variable}=… 换一个。\n"
                    f"Port {port} is in use; choose another with {variable}=…"
                )
        self._environment = self._environ(self.services.start())
        self._write_environment()
        self._run("外部密钥 the parties' keys", [*self._command("stubs"), "--keys-only"])
        self._run("数据库结构 database structure", [sys.executable, "-m", "migrations", "upgrade"])
        seed = [sys.executable, "-m", "scripts.seed", str(self.layout.home)]
        self._run("演示数据 demonstration data", seed)
        for part in PARTS:
            self.start_part(part)
        self.wait_until_ready()

    def stop(self) -> None:
        """End the parts, newest first, then the servers."""
        (self.layout.home / ENVIRONMENT_FILE).unlink(missing_ok=True)
        for part in reversed(PARTS):
            process = self._processes.pop(part, None)
            if process is not None:
                _end(process)
        self.services.stop()

    def start_part(self, part: Part) -> None:
        """Start one part if it is not running."""
        running = self._processes.get(part)
        if running is not None and running.poll() is None:
            return
        with self._output(part) as output:
            self._processes[part] = subprocess.Popen(
                self._command(part),
                cwd=ROOT,
                env=self._environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @contextmanager
    def _output(self, part: Part) -> Iterator[IO[bytes] | int | None]:
        if self.layout.logs is None:
            yield subprocess.DEVNULL if self.layout.quiet else None
            return
        with (self.layout.logs / f"{part}.log").open("ab") as file:
            yield file

    def kill_part(self, part: Part) -> None:
        """kill -9 of one part and every process below it."""
        process = self._processes.pop(part, None)
        if process is None:
            return
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def fallen(self) -> list[Part]:
        """Parts that ended by themselves."""
        return [part for part, process in self._processes.items() if process.poll() is not None]

    def environment(self) -> dict[str, str]:
        """The environment the product runs in, for commands beside it."""
        return dict(self._environment)

    def wait_until_ready(self, within: float = READY_WITHIN) -> None:
        """Wait for /readyz. Raises `StackError` when a part fell or time ran out."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            if self.fallen():
                raise StackError(f"未能启动 did not start: {', '.join(self.fallen())}")
            try:
                with urlopen(f"{self.url}/readyz", timeout=2) as answer:  # noqa: S310 our own
                    if answer.status == 200:
                        return
            except (URLError, OSError):
                pass
            time.sleep(0.1)
        raise StackError(
            f"{within:.0f} 秒内未就绪 not ready within {within:.0f} s: {self.url}/readyz"
        )

    def _environ(self, addresses: Addresses) -> dict[str, str]:
        metrics = self.layout.home / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir(parents=True)
        return {
            **clean_environment(),
            **addresses.environment(),
            **product_environment(self.layout.home, self.stubs_url, self.url),
            "DATABASE_RETENTION_URL": self.services.database_url("huiban", "huiban_retention"),
            "HUIBAN_ACCESS_LOG": "0" if self.layout.quiet else "1",
            "HUIBAN_TRUSTED_PROXIES": str(self.layout.trusted_proxies),
            "PROMETHEUS_MULTIPROC_DIR": str(metrics),
            "PYTHONUNBUFFERED": "1",
        }

    def _write_environment(self) -> None:
        path = self.layout.home / ENVIRONMENT_FILE
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(self._environment, file)

    def _run(self, what: str, command: list[str]) -> None:
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=self.layout.quiet
        )
        if done.returncode:
            tail = (done.stderr or b"").decode(errors="replace")[-2_000:]
            raise StackError(f"{what}: 失败 failed ({done.returncode})\n{tail}")

    def _command(self, part: Part) -> list[str]:
        if part == "stubs":
            return [
                *(sys.executable, "-m", "miniprogram_stubs"),
                *("--port", str(self.stubs_port), "--world", str(self.layout.world)),
                *("--keys", str(stub_keys(self.layout.home))),
            ]
        if part == "worker":
            return [sys.executable, "worker.py"]
        return [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "wsgi:app"),
            *("--host", "127.0.0.1", "--port", str(self.port)),
            *("--workers", str(self.layout.workers), "--blocking-threads", "4"),
            *("--backpressure", "64", "--backlog", "1024", "--http", "1"),
            *("--respawn-failed-workers", "--workers-kill-timeout", "5s", "--log-level", "warning"),
        ]


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether nobody listens on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=8)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
