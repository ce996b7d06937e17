"""The shape of the tree: one commit place, sizes, known events, tasks that exist."""

import ast
import re
from pathlib import Path

import pytest

from app.core.events import Event, Subscription
from composition import SUBSCRIPTIONS, TASKS

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = (
    "app",
    "api",
    "healthcode",
    "push",
    "miniprogram_stubs",
    "scripts",
    "benchmarks",
    "migrations",
)
SOURCES = sorted(
    path
    for folder in PRODUCT
    for path in (ROOT / folder).rglob("*.py")
    if "node_modules" not in path.parts
) + [ROOT / name for name in ("composition.py", "wsgi.py", "worker.py")]


def relative(path):
    return str(path.relative_to(ROOT))


def test_only_the_core_commits():
    found = {
        relative(path)
        for path in SOURCES
        if path.is_relative_to(ROOT / "app")
        or path.is_relative_to(ROOT / "api")
        or path.is_relative_to(ROOT / "healthcode")
        or path.is_relative_to(ROOT / "push")
        if re.search(r"\.commit\(", path.read_text())
    }
    assert found == {"app/core/db.py"}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_nothing_below_imports_an_entry_point_or_the_composition():
    above = {"composition.py", "wsgi.py", "worker.py"}
    found = {
        relative(path): name
        for path in SOURCES
        if relative(path) not in above and path.parts[len(ROOT.parts)] != "benchmarks"
        for name in imported(path)
        if name in ("composition", "wsgi", "worker")
    }
    assert found == {}
    assert not set(imported(ROOT / "composition.py")) & {"wsgi", "worker"}


def test_no_import_inside_a_function_dodges_a_cycle():
    found = [
        f"{relative(path)}:{inner.lineno}"
        for path in SOURCES
        # The launcher also runs where the product's libraries are not installed.
        if "local" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert found == []


def test_domains_read_neither_the_environment_nor_the_web_frameworks_globals():
    domains = [
        path for path in SOURCES if path.parts[len(ROOT.parts)] in ("app", "healthcode", "push")
    ]
    allowed = {
        "app/settings.py",
        "app/factory.py",
        "app/core/cli.py",
        "app/core/metrics.py",
        "app/catalogue/cli.py",
        "healthcode/cli.py",
        "push/cli.py",
    }
    found = {
        relative(path)
        for path in domains
        if re.search(r"os\.environ|current_app|from flask import", path.read_text())
    }
    assert found <= allowed


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_files_and_functions_stay_small(path):
    text = path.read_text()
    # A revision is written once and read from top to bottom.
    if "migrations" not in path.parts:
        assert text.count("\n") <= 300, f"{path.name} has more than 300 lines"
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if "migrations" not in path.parts:
            assert lines <= 40, f"{node.name} has {lines} lines"
        positional = [each for each in node.args.args if each.arg not in ("self", "cls")]
        assert len(positional) <= 5, f"{node.name} takes {len(positional)} positional parameters"


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc"])
def test_there_is_no_drawer_for_everything(name):
    assert not [relative(path) for path in SOURCES if path.stem == name]


def subclasses(kind):
    return {each for sub in kind.__subclasses__() for each in ({sub} | subclasses(sub))}


def test_every_subscription_names_an_existing_event_and_every_event_has_a_subscriber():
    events = {each for each in subclasses(Event) if not each.__module__.startswith("test")}
    assert {each.event for each in SUBSCRIPTIONS} == events
    assert len({each.NAME for each in events}) == len(events)
    tasks = {each.name for each in TASKS}
    assert all(isinstance(each, Subscription) and each.task.name in tasks for each in SUBSCRIPTIONS)


def test_every_deferred_task_exists():
    tasks = {each.name for each in TASKS}
    assert len(tasks) == len(TASKS)
    constants = re.compile(r'^[A-Z_]+_TASK = "([a-z_.]+)"', re.M)
    named = {name for path in SOURCES for name in constants.findall(path.read_text())}
    assert named
    assert named <= tasks


def test_the_repository_names_no_registry_and_no_other_machine():
    lock_files = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]
    for path in lock_files:
        assert "://" not in path.read_text(), path.name
