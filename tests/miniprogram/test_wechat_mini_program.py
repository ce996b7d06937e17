"""The WeChat mini-program in WeChat's own simulator, against a running product."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator

import pytest

from scripts.environment import ROOT, WORLD
from scripts.stack import Layout, Stack

HOME = ROOT / "miniprogram_stubs" / "wechat"
OLDEST_NODE = (20, 19)
#: Seconds for one npm script on a busy machine; alone the longest takes about ten.
WITHIN = 120

Npm = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product as `make run` starts it, on ports and data of its own."""
    home = tmp_path_factory.mktemp("stack")
    with Stack(Layout(home=home, durable=False, quiet=True)) as running:
        yield running


@pytest.fixture(scope="module")
def npm() -> Npm:
    """Runs an npm script of the mini-program, whose packages are those of the lock file."""
    program = npm_on_path()
    if program is None:
        pytest.skip(f"没有 Node {'.'.join(map(str, OLDEST_NODE))}+ no such Node on PATH")

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments],
            cwd=HOME,
            env={**os.environ, "NO_COLOR": "1", **variables},
            timeout=WITHIN,
            capture_output=True,
            text=True,
        )

    lock = hashlib.sha256((HOME / "package-lock.json").read_bytes()).hexdigest()
    stamp = HOME / "node_modules" / ".lock-sha256"
    if not stamp.exists() or stamp.read_text() != lock:
        demand_success(run("ci", "--no-audit", "--no-fund"))
        stamp.write_text(lock)
    return run


@pytest.fixture(scope="module")
def built(stack: Stack, npm: Npm) -> Npm:
    """The same, once types come from the running product's document and everything is compiled."""
    demand_success(npm("run", "--silent", "types", HUIBAN_API=stack.url))
    demand_success(npm("run", "--silent", "build"))
    return npm


def test_the_types_of_every_page_fit_the_openapi_document(built: Npm) -> None:
    assert (HOME / "build" / "miniprogram" / "app.js").exists()
    assert (HOME / "build" / "alipay" / "alipay" / "platform.js").exists()


def test_every_journey_holds_in_the_simulator(built: Npm, stack: Stack) -> None:
    told = built(
        *("run", "--silent", "journeys"),
        HUIBAN_API=stack.url,
        HUIBAN_STUBS=stack.stubs_url,
        HUIBAN_WORLD=str(WORLD),
    )
    print(told.stdout)
    demand_success(told)
    assert "\nℹ fail 0\n" in told.stdout
    passed = int(told.stdout.split("\nℹ pass ")[1].split()[0])
    assert passed > 30


def npm_on_path() -> str | None:
    """npm beside a Node that is young enough; None where there is none."""
    node, program = shutil.which("node"), shutil.which("npm")
    if node is None or program is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    version = tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2])
    return program if version >= OLDEST_NODE else None


def demand_success(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, f"{done.args}\n{done.stdout[-20_000:]}\n{done.stderr[-5_000:]}"


def test_the_lock_file_names_no_address_to_fetch_from() -> None:
    assert '"resolved"' not in (HOME / "package-lock.json").read_text()
