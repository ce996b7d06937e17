"""The WeChat mini-program in WeChat's own simulator, against a running product."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scripts.environment import ROOT
from scripts.node import Node

pytestmark = pytest.mark.timeout(300)


def test_the_types_of_every_page_fit_the_openapi_document(built: Node) -> None:
    assert (built.folder / "build" / "miniprogram" / "app.js").exists()
    assert (built.folder / "build" / "alipay" / "alipay" / "platform.js").exists()


def test_every_journey_holds_in_the_simulator(run: Callable[..., str]) -> None:
    told = run("journeys")
    print(told)
    assert "\nℹ fail 0\n" in told
    passed = int(told.split("\nℹ pass ")[1].split()[0])
    assert passed > 30


def test_the_lock_file_names_no_address_to_fetch_from() -> None:
    lock = ROOT / "miniprogram_stubs" / "wechat" / "package-lock.json"
    assert '"resolved"' not in lock.read_text()
