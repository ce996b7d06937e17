"""The chain over the audit rows: what is sealed when, and what shows that it was touched."""

import dataclasses
import threading
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import ProgrammingError
from trails import ATTACKS, attack_and_mend, leave, owner_of, report, seal, sign, whats

from app.audit import heads, jobs, sealing
from app.audit.models import AuditRow, Destruction, Seal
from app.audit.services import Act, act_of, record
from app.core import clock
from app.core.db import unit_of_work
from app.core.keys import StoredKey
from app.core.types import Actor


@pytest.fixture
def published(tmp_path):
    return tmp_path / "heads.jsonl"


def test_rows_are_sealed_in_one_chain_and_the_chain_holds(live_core, published):
    leave(live_core, 25)
    assert seal(live_core, most=7) == 25
    sign(live_core, published)
    found = report(live_core, published)
    assert (found.findings, found.links, found.unsealed) == ([], 25, 0)
    # The same head from the database and from the file.
    assert found.heads == 1


def test_a_row_says_who_acted_for_whom_and_why(session):
    ids = [uuid.uuid4() for _ in range(5)]
    actor = Actor(
        "citizen",
        citizen_id=ids[0],
        on_behalf_of=ids[1],
        organisation_id=ids[2],
        unit_id=ids[3],
    )
    record(session, act_of(actor, "test.read", subject_id=ids[4], reason="asked", result="refused"))
    row = session.scalars(select(AuditRow).where(AuditRow.actor_id == ids[0])).one()
    assert (row.on_behalf_of, row.organisation_id, row.unit_id) == tuple(ids[1:4])
    assert (row.subject_id, row.reason, row.result) == (ids[4], "asked", "refused")


def test_a_row_that_is_committed_late_is_still_sealed_and_nothing_overtakes_it(live_core):
    leave(live_core, 3)
    with live_core.session() as slow:
        record(slow, Act("test.slow", "citizen"))
        leave(live_core, 5)
        # The five are younger than a transaction that still runs.
        assert seal(live_core) == 3
        slow.commit()
    assert seal(live_core) == 6
    assert whats(live_core) == set()


def test_a_row_that_was_rolled_back_leaves_no_gap(live_core):
    leave(live_core, 2)
    with live_core.session() as undone:
        record(undone, Act("test.undone", "citizen"))
        undone.rollback()
    leave(live_core, 2)
    assert seal(live_core) == 4
    assert report(live_core).findings == []


def test_many_sealers_and_writers_at_once_make_one_chain(live_core):
    def write():
        leave(live_core, 40)

    def chain():
        for _ in range(30):
            with unit_of_work(live_core) as session:
                sealing.seal_batch(session, 9)

    threads = [threading.Thread(target=each) for each in (write, write, write, chain, chain, chain)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    seal(live_core)
    found = report(live_core)
    assert (found.findings, found.links) == ([], 120)


def test_a_sealer_killed_at_any_statement_is_carried_on(live_core):
    leave(live_core, 12)
    for most in (5, 5):
        with live_core.session() as session:
            sealing.seal_batch(session, most)
            # The process dies: its connection is gone before the commit.
            session.rollback()
    assert seal(live_core) == 12
    assert report(live_core).findings == []


def test_a_head_file_cut_short_by_a_kill_is_mended(live_core, published):
    for _ in range(3):
        leave(live_core, 2)
        seal(live_core)
        sign(live_core, published)
    whole = published.read_bytes()
    published.write_bytes(whole[:-40])
    leave(live_core, 1)
    seal(live_core)
    sign(live_core, published)
    assert published.read_bytes().startswith(whole)
    assert [head.seq for head in heads.read_file(published)] == [2, 4, 6, 7]
    sign(live_core, published)
    assert len(heads.read_file(published)) == 4


def test_what_the_owner_of_the_database_does_is_found(live_core, published):
    leave(live_core, 24)
    seal(live_core)
    sign(live_core, published)
    n = 0
    for seed in range(2):
        for name in ATTACKS:
            assert attack_and_mend(live_core, published, name, seed), f"{name} was not found"
            n += 1
    assert whats(live_core, published) == set()
    print(f"\naudit trail: {n} attacks, all found")


def test_the_place_of_a_changed_row_is_named(live_core):
    leave(live_core, 9)
    seal(live_core)
    engine = owner_of(live_core)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_rows DISABLE TRIGGER USER"))
        sql = "UPDATE audit_rows SET action = 'x' WHERE id = (SELECT row_id FROM audit_seals"
        connection.execute(text(f"{sql} WHERE seq = 4)"))
        row_id = connection.scalar(text("SELECT row_id FROM audit_seals WHERE seq = 4"))
    engine.dispose()
    (found,) = report(live_core).findings
    assert (found.what, found.seq, found.row_id) == ("row_changed", 4, row_id)
    assert found.day == clock.now().date()


def test_not_even_the_owner_changes_a_row_by_mistake(live_core):
    leave(live_core, 1)
    seal(live_core)
    engine = owner_of(live_core)
    for statement in ("UPDATE audit_rows SET action = 'x'", "DELETE FROM audit_seals"):
        with engine.connect() as connection, pytest.raises(ProgrammingError, match="append-only"):
            connection.execute(text(statement))
    engine.dispose()


def test_a_head_of_another_key_is_not_believed_and_one_of_a_killed_key_says_nothing(live_core):
    leave(live_core, 4)
    seal(live_core)
    sign(live_core)
    with unit_of_work(live_core) as session:
        kid = live_core.keys.current("audit_heads").kid
        session.get_one(StoredKey, ("audit_heads", kid)).state = "killed"
    live_core.load_keys()
    assert whats(live_core) == set()
    engine = owner_of(live_core)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_heads DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE audit_heads SET kid = 'ffffffff'"))
    engine.dispose()
    assert whats(live_core) == {"head_forged"}


def test_a_destroyed_day_keeps_the_chain_verifiable(live_core, monkeypatch):
    now = clock.now()
    old = now - timedelta(days=400)
    engine = owner_of(live_core)
    with engine.begin() as connection:
        name = f"audit_rows_{old:%Y%m%d}"
        connection.execute(
            text(
                f"CREATE TABLE {name} PARTITION OF audit_rows"
                f" FOR VALUES FROM ('{old:%Y-%m-%d}') TO ('{old + timedelta(days=1):%Y-%m-%d}')"
            )
        )
    monkeypatch.setattr(clock, "now", lambda: old)
    leave(live_core, 6)
    monkeypatch.setattr(clock, "now", lambda: now)
    leave(live_core, 6)
    purge = owner_of(live_core, "huiban_retention")
    destroy = text("SELECT huiban_destroy_day('audit_rows', :day, 'audit_rows')")
    with purge.connect() as connection, pytest.raises(Exception, match="not sealed"):
        connection.execute(destroy, {"day": old.date()})
    seal(live_core)
    with purge.begin() as connection:
        assert connection.scalar(destroy, {"day": old.date()}) == 6
        assert connection.scalar(destroy, {"day": old.date()}) is None
    with purge.connect() as connection, pytest.raises(Exception, match="must be kept"):
        connection.execute(destroy, {"day": (now - timedelta(days=100)).date()})
    with live_core.session() as session, pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(destroy, {"day": old.date()})
    found = report(live_core)
    assert (found.findings, found.destroyed, found.links) == ([], 6, 12)
    with unit_of_work(live_core) as session:
        (record_,) = session.scalars(select(Destruction))
        assert (record_.count, record_.day, len(record_.digest)) == (6, old.date(), 16)
    engine.dispose()
    purge.dispose()


def test_a_database_restored_from_a_dump_goes_on_where_it_was(live_core):
    """Transactions count anew there: rows that came with the dump seem to lie in the future."""
    leave(live_core, 4)
    seal(live_core)
    leave(live_core, 3)
    engine = owner_of(live_core)
    with engine.begin() as connection:
        for table in ("audit_rows", "audit_seals"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        connection.execute(text("TRUNCATE audit_seals"))
        connection.execute(text("UPDATE audit_rows SET tx = tx + 1000000000"))
    engine.dispose()
    with unit_of_work(live_core) as session:
        rows = session.execute(select(*AuditRow.__table__.columns).order_by(AuditRow.id)).mappings()
        first = sealing.links(sealing.tip(session), rows.all()[:4])
        session.execute(insert(Seal), first)
    leave(live_core, 5)
    assert seal(live_core, most=2) == 8
    leave(live_core, 2)
    assert seal(live_core) == 2
    found = report(live_core)
    assert (found.findings, found.links) == ([], 14)


def test_the_jobs_seal_sign_and_publish(live_core, world, published):
    settings = dataclasses.replace(live_core.settings, audit_heads_file=published)
    core = dataclasses.replace(live_core, settings=settings)
    live = dataclasses.replace(world, core=core)
    leave(live_core, 5)
    jobs.seal.run(live)
    jobs.sign_head.run(live)
    jobs.sign_head.run(live)
    (head,) = heads.read_file(published)
    assert head.seq == 5
    assert report(live_core, published).findings == []
