"""The browser of the end-to-end tests: Debian's Chromium, installed when missing and we are root."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.environment import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKAGES = ("chromium", "fonts-noto-cjk")
#: No calls home, and no sandbox, which root cannot have.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


#: Set to `demanded` where a missing browser is a failure, not a reason to skip.
VARIABLE = "HUIBAN_BROWSER"


class NoBrowserError(Exception):
    """No browser is there and none can be had; the message says why."""

    @property
    def may_skip(self) -> bool:
        """Whether tests that need a browser may be skipped for that."""
        return os.environ.get(VARIABLE) != "demanded"


def main() -> int:
    """Bring a browser, if that can be done. Returns 0: tests that need one say why they skip."""
    try:
        ensure()
    except NoBrowserError as error:
        print(error, file=sys.stderr)
    return 0


def ensure() -> Path:
    """The browser's program. Waits while it is being installed. Raises `NoBrowserError`."""
    lock = ROOT / "build" / "browser.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        found = _find()
        if found is None:
            _install()
            found = _find()
    if found is None:
        raise NoBrowserError("安装后仍未找到 Chromium no Chromium, even after installing it")
    return found


def _find() -> Path | None:
    paths = (shutil.which(name) for name in NAMES)
    return next((Path(path) for path in paths if path), None)


def _install() -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NoBrowserError(
            "没有 Chromium，浏览器测试将跳过 no Chromium: browser tests will be skipped"
        )
    print("正在安装 Chromium… Installing Chromium…", file=sys.stderr, flush=True)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    steps = (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES],
    )
    for step in steps:
        done = subprocess.run(step, env=quiet, capture_output=True, text=True)
        if done.returncode:
            raise NoBrowserError(f"{' '.join(step)}: {done.stderr[-500:]}")


if __name__ == "__main__":
    sys.exit(main())
