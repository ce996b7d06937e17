"""`flask audit verify` and the heads operators are shown."""

import dataclasses

import pytest
from sqlalchemy import text
from trails import leave, owner_of, seal, sign

from app.connectors.world import build_world
from composition import web_app


@pytest.fixture
def live_app(live_core, tmp_path):
    """The application on a core that really commits and publishes to a file."""
    settings = dataclasses.replace(live_core.settings, audit_heads_file=tmp_path / "heads.jsonl")
    world = build_world(dataclasses.replace(live_core, settings=settings), waiters=1)
    yield web_app(world)
    for party in (
        *(world.sms, world.wechat, world.population),
        *(world.health_authority, world.medical_insurance),
    ):
        party.close()


@pytest.fixture
def flask(live_app):
    """`flask("audit", "verify")`."""

    def run(*words):
        with live_app.app_context():
            return live_app.test_cli_runner().invoke(args=words)

    return run


def test_verify_says_that_all_is_well_and_how_much_it_saw(flask, live_core, tmp_path):
    leave(live_core, 8)
    seal(live_core)
    sign(live_core, tmp_path / "heads.jsonl")
    leave(live_core, 1)
    answer = flask("audit", "verify")
    assert answer.exit_code == 0, answer.output
    assert "links 8 " in answer.output
    assert "heads 1 " in answer.output
    assert "unsealed 1" in answer.output


def test_verify_names_what_is_wrong_and_fails(flask, live_core, tmp_path):
    leave(live_core, 8)
    seal(live_core)
    sign(live_core, tmp_path / "heads.jsonl")
    engine = owner_of(live_core)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_rows DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE audit_rows SET action = 'x'"))
    engine.dispose()
    answer = flask("audit", "verify")
    assert answer.exit_code == 1
    assert answer.output.count("row changed") == 8
    none = flask("audit", "verify", "--from", "2020-01-01", "--to", "2020-01-31")
    assert none.exit_code == 0, none.output
    assert "links 0 " in none.output


def test_a_file_that_holds_no_heads_is_refused(flask, live_core, tmp_path):
    (tmp_path / "heads.jsonl").write_text("not a head\n")
    answer = flask("audit", "verify")
    assert answer.exit_code == 1
    assert "heads.jsonl:1" in answer.output


def test_operators_see_the_heads(live_app, live_core):
    client = live_app.test_client()
    leave(live_core, 3)
    seal(live_core)
    sign(live_core)
    (head,) = client.get("/ops/audit-heads").json["items"]
    assert head["seq"] == 3
    assert len(bytes.fromhex(head["chain"])) == 32
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/ops/audit-heads", environ_base=elsewhere).status_code == 404
