"""Builds `h5/` into `build/h5`, when its sources changed: `python -m scripts.frontend`.

`build/h5` is a link to `build/h5-<hash of the sources>`, so that the server never sees half a build
and an unchanged tree costs no Node at all.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api import page_headers
from scripts import node
from scripts.environment import ROOT, WEB_ROOT
from scripts.node import NodeError

SOURCE = ROOT / "h5"
OPENAPI = ROOT / "build" / "openapi.json"
MODULES = SOURCE / "node_modules"
#: Files below `h5/` that are made, not written.
MADE = frozenset({"node_modules", "schema.d.ts", "vant.d.ts"})


def main() -> int:
    """Build if needed. Returns the exit status."""
    # Whatever is done beside it goes first.
    os.nice(10)
    try:
        build()
    except NodeError as error:
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

    Raises `NodeError`.
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
    digest = hashlib.sha256(document.encode() + page_headers.stamp().encode())
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
        raise NodeError(done.stderr[-3_000:])
    return done.stdout


def _build_into(target: Path) -> None:
    began = time.monotonic()
    pages = node.find(SOURCE)
    pages.install(_say)
    _say("正在构建页面… Building the pages…")
    types = str(SOURCE / "src" / "api" / "schema.d.ts")
    options = ("--output", types, "--default-non-nullable", "false")
    pages.run("node_modules/.bin/openapi-typescript", str(OPENAPI), *options)
    fresh = target.with_name("h5.new")
    shutil.rmtree(fresh, ignore_errors=True)
    options = ("--logLevel", "warn", "--outDir", str(fresh))
    pages.run("node_modules/.bin/vite", "build", *options, HUIBAN_HEADERS=page_headers.stamp())
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
