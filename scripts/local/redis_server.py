"""One Redis as a cache: nothing on disk, nothing on the network."""

import contextlib
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from scripts.local.accounts import Account
from scripts.local.errors import LocalServicesError
from scripts.local.processes import POLL_SECONDS

START_SECONDS = 20.0

SETTINGS = {
    "port": "0",
    "save": "",
    "appendonly": "no",
    "maxmemory": "256mb",
    "maxmemory-policy": "allkeys-lru",
    "daemonize": "no",
}


@dataclass(frozen=True)
class RedisServer:
    binary: Path
    account: Account
    private: Path
    log: Path

    @property
    def socket(self) -> Path:
        return self.private / "redis.sock"

    def spawn(self) -> "subprocess.Popen[bytes]":
        self.socket.unlink(missing_ok=True)
        command = [str(self.binary)]
        for name, value in SETTINGS.items():
            command += [f"--{name}", value]
        command += ["--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        command += ["--dir", str(self.private)]
        with self.log.open("ab") as log:
            return self.account.spawn(command, self.private, log)

    def wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.settimeout(1)
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                if client.recv(16).startswith(b"+PONG"):
                    return
            time.sleep(POLL_SECONDS)
        raise LocalServicesError("Redis 未能启动。", "Redis did not start.", self.log)
