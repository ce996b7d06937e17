"""The WeChat mini-program compiled, and a running product beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from scripts import node
from scripts.environment import ROOT, WORLD
from scripts.node import Node
from scripts.stack import Layout, Stack

#: Seconds for one npm script on a busy machine; alone the longest takes about ten.
WITHIN = 120


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The product as `make run` starts it, on ports and data of its own."""
    home = tmp_path_factory.mktemp("stack")
    with Stack(Layout(home=home, durable=False, quiet=True)) as running:
        yield running


@pytest.fixture(scope="module")
def built(stack: Stack) -> Node:
    """Everything compiled, once the types come from the running product's document."""
    found = node.find(ROOT / "miniprogram_stubs" / "wechat")
    found.install(print)
    for script, variables in (("types", {"HUIBAN_API": stack.url}), ("build", {})):
        found.run(*found.npm, "run", "--silent", script, within=WITHIN, **variables)
    return found


@pytest.fixture(scope="module")
def run(built: Node, stack: Stack) -> Callable[..., str]:
    """Run an npm script on the running product and get what it prints: `run("journeys")`."""

    def run_script(script: str, *arguments: str) -> str:
        return built.run(
            *(*built.npm, "run", "--silent", script, "--", *arguments),
            within=WITHIN,
            NO_COLOR="1",
            HUIBAN_API=stack.url,
            HUIBAN_STUBS=stack.stubs_url,
            HUIBAN_WORLD=str(WORLD),
        )

    return run_script
