"""The sources of the pages: types, unit tests, sizes, no foreign host, builds only when needed."""

import json
import os
import re
import subprocess

import pytest

from scripts import frontend, frontend_sizes, node
from scripts.environment import ROOT, WEB_ROOT

pytestmark = pytest.mark.timeout(300)

#: Names of notations, not addresses anybody asks.
NOTATIONS = {"www.w3.org"}
HOST = re.compile(r"(?:https?:)?//([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,})", re.IGNORECASE)


def npm(*command):
    pages = node.find(frontend.SOURCE)
    return pages.run(*pages.npm, *command)


def test_the_sources_are_well_typed_against_the_apis_own_description(built):
    types = (frontend.SOURCE / "src" / "api" / "schema.d.ts").read_text()
    assert '"/api/v1/auth/sessions/refresh"' in types
    npm("run", "check")


def test_the_unit_tests_of_the_pages_hold(built):
    shown = npm("test")
    assert re.search(r"Tests +\d+ passed", re.sub(r"\x1b\[[0-9;]*m", "", shown)), shown


def test_no_source_names_a_foreign_host():
    found = {
        (str(path.relative_to(frontend.SOURCE)), host)
        for path in frontend.sources()
        if path.name != "package-lock.json" and path.suffix not in {".png", ".woff2", ".wasm"}
        # Tests name addresses that must be refused; nothing of them is served.
        if not path.name.endswith(".test.ts")
        for host in HOST.findall(path.read_text())
        if host not in NOTATIONS
    }
    assert found == set()


def test_no_built_style_names_a_foreign_host(built):
    found = {
        host
        for path in (built / "assets").glob("*.css")
        for host in HOST.findall(path.read_text())
        if host not in NOTATIONS
    }
    assert found == set()


def test_the_lock_file_names_no_place_packages_come_from():
    lock = json.loads((frontend.SOURCE / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    unproved = [
        name
        for name, package in lock["packages"].items()
        if name and not package.get("link") and "integrity" not in package
    ]
    assert unproved == []


def test_no_screen_costs_more_than_it_may(built):
    costs = frontend_sizes.measure(built)
    assert {"HomePage", "SignInPage", "MePage"} <= {cost.screen for cost in costs}
    for cost in costs:
        print(f"{cost.screen}: {cost.own} + {cost.framework} bytes")
    assert [cost for cost in costs if cost.too_large] == []


def test_what_is_built_already_is_not_built_again(built, monkeypatch):
    before = os.readlink(WEB_ROOT)
    # Whoever needed Node now would fail.
    monkeypatch.setattr(node, "find", lambda folder: pytest.fail("Node was asked for"))
    assert frontend.build() == built
    assert os.readlink(WEB_ROOT) == before


def test_every_source_and_the_api_itself_count_for_what_is_up_to_date():
    sources = {str(path.relative_to(frontend.SOURCE)) for path in frontend.sources()}
    assert {"package-lock.json", "vite.config.ts", "app/index.html", "src/main.ts"} <= sources
    assert not any(name.startswith("node_modules") for name in sources)
    assert "src/api/schema.d.ts" not in sources
    assert frontend.fingerprint("{}") != frontend.fingerprint("{ }")


def test_without_a_new_node_on_path_the_wheels_own_is_taken(monkeypatch, tmp_path):
    for name, text in (("node", "echo v18.20.0"), ("npm", "exit 1")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    found = node.find(frontend.SOURCE)
    major, minor = map(int, re.match(r"v(\d+)\.(\d+)", found.run("node", "--version")).groups())
    assert (major, minor) >= node.OLDEST
    assert re.match(r"\d+\.\d+", found.run(*found.npm, "--version"))


def test_where_home_cannot_be_written_npm_keeps_its_packages_here(monkeypatch):
    monkeypatch.delenv("HOME")
    cache = node.find(frontend.SOURCE).environment["npm_config_cache"]
    assert cache == str(ROOT / ".local" / "npm")


def test_nothing_that_is_built_lies_in_the_repository():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    made = ("build/", "h5/node_modules/", "h5/src/api/schema.d.ts", "h5/src/vant.d.ts")
    assert [name for name in listed.stdout.splitlines() if name.startswith(made)] == []
