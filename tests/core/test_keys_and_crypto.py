"""Key rings and field encryption."""

import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.connectors.world import build_world
from app.core import crypto, freshness, keys
from app.core.db import unit_of_work
from app.core.keys import KeyRefused, KeyRing, StoredKey
from composition import web_app


@pytest.fixture
def field():
    return crypto.Field("persons", "name_sealed", uuid.uuid4())


def test_a_sealed_value_opens_at_its_own_place_only(core, field):
    sealed = crypto.seal(core.keys, field, "张三")
    assert crypto.unseal(core.keys, field, sealed) == "张三"
    for other in (
        crypto.Field("persons", "name_sealed", uuid.uuid4()),
        crypto.Field("persons", "document_sealed", field.row),
        crypto.Field("accounts", "name_sealed", field.row),
    ):
        with pytest.raises(crypto.Unreadable):
            crypto.unseal(core.keys, other, sealed)


def test_every_changed_byte_is_noticed(core, field):
    sealed = crypto.seal(core.keys, field, "42010619900101001X")
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(crypto.Unreadable):
            crypto.unseal(core.keys, field, bytes(changed))
    print(f"n = {len(sealed)} changed bytes")


def test_equal_values_have_equal_indexes_and_different_seals(core, field):
    assert crypto.seal(core.keys, field, "x") != crypto.seal(core.keys, field, "x")
    indexes = {
        crypto.blind_index(core.keys, purpose, "1")
        for purpose in ("blind_phone", "blind_document", "blind_phone")
    }
    assert len(indexes) == 2


def test_another_master_key_does_not_open_the_rings(live_core):
    with unit_of_work(live_core) as session:
        rows = keys.read_all(session)
    with pytest.raises(KeyRefused):
        KeyRing(b"x" * 32).load(rows)


def test_the_database_allows_one_current_key_a_purpose(live_core):
    with live_core.session() as session, pytest.raises(IntegrityError, match="uq_keys_current"):
        keys.add_key(session, "access_tokens", "current")


def test_a_killed_key_is_refused_as_soon_as_the_change_is_read(live_core):
    before = live_core.keys.current("access_tokens").kid
    with unit_of_work(live_core) as session:
        row = session.get_one(StoredKey, ("access_tokens", before))
        row.state = "killed"
        session.flush()
        keys.add_key(session, "access_tokens", "current")
        freshness.mark(session, "keys", "*")
    assert live_core.keys.get("access_tokens", before) is not None
    assert live_core.freshness.read_once()
    assert live_core.keys.get("access_tokens", before) is None
    assert live_core.keys.current("access_tokens").kid != before


def test_a_failing_reload_of_keys_leaves_the_list_stale_and_the_thread_alive(live_core):
    with unit_of_work(live_core) as session:
        session.execute(text("UPDATE keys SET wrapped = '\\x00' WHERE purpose = 'fields'"))
        freshness.mark(session, "keys", "*")
    assert not live_core.freshness.read_once()


def test_a_code_key_is_killed_only_with_publication(live_core):
    world = build_world(live_core, waiters=1)
    kid = live_core.keys.current("health_codes").kid
    result = (
        web_app(world).test_cli_runner().invoke(args=["keys", "kill", "health_codes", kid, "--yes"])
    )
    world.close()
    assert result.exit_code == 1
    assert "health-keys" in result.output
