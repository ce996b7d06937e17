"""The WeChat mini-program in WeChat's own simulator, against a running product."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts import node
from scripts.environment import ROOT, WORLD
from scripts.node import Node
from scripts.stack import Layout, Stack

HOME = ROOT / "miniprogram_stubs" / "wechat"
#: Seconds for one npm script on a busy machine; alone the longest takes about ten.
WITHIN = 120

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product as `make run` starts it, on ports and data of its own."""
    home = tmp_path_factory.mktemp("stack")
    with Stack(Layout(home=home, durable=False, quiet=True)) as running:
        yield running


@pytest.fixture(scope="module")
def built(stack: Stack) -> Node:
    """Everything compiled, once the types come from the running product's document."""
    found = node.find(HOME)
    found.install(print)
    for script, variables in (("types", {"HUIBAN_API": stack.url}), ("build", {})):
        found.run(*found.npm, "run", "--silent", script, within=WITHIN, **variables)
    return found


def test_the_types_of_every_page_fit_the_openapi_document(built: Node) -> None:
    assert (HOME / "build" / "miniprogram" / "app.js").exists()
    assert (HOME / "build" / "alipay" / "alipay" / "platform.js").exists()


def test_every_journey_holds_in_the_simulator(built: Node, stack: Stack) -> None:
    told = built.run(
        *(*built.npm, "run", "--silent", "journeys"),
        within=WITHIN,
        NO_COLOR="1",
        HUIBAN_API=stack.url,
        HUIBAN_STUBS=stack.stubs_url,
        HUIBAN_WORLD=str(WORLD),
    )
    print(told)
    assert "\nℹ fail 0\n" in told
    passed = int(told.split("\nℹ pass ")[1].split()[0])
    assert passed > 30


def test_the_lock_file_names_no_address_to_fetch_from() -> None:
    assert '"resolved"' not in (HOME / "package-lock.json").read_text()
