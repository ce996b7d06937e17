"""Destroying what has been kept long enough, as the role that may, with a record of each step."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from app.core import clock
from app.privacy.parts import Rule

#: Rows a transaction destroys.
BATCH = 5_000

_ROWS = """
WITH gone AS (
  DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {over} LIMIT :most) RETURNING id
)
INSERT INTO destruction_records (id, at, table_name, before, count, digest, rule)
SELECT gen_random_uuid(), now(), :table, :before, count(*),
       decode(lpad(to_hex(bit_xor(hashtextextended(id::text, 1))), 16, '0')
              || lpad(to_hex(bit_xor(hashtextextended(id::text, 2))), 16, '0'), 'hex'), :table
FROM gone HAVING count(*) > 0
RETURNING count
"""


@dataclass(frozen=True)
class Run:
    """What came of each rule, by its table."""

    #: How many rows went.
    destroyed: dict[str, int] = field(default_factory=dict)
    #: What the database refused.
    failed: dict[str, str] = field(default_factory=dict)


def destroy_over(url: str, rules: Sequence[Rule]) -> Run:
    """Destroy what each rule says, in their order; one that fails stops none of the others.

    Safe to kill and repeat.
    """
    # What somebody reads from or holds is left for another run.
    waits = {"options": "-c lock_timeout=500ms -c statement_timeout=600s -c timezone=UTC"}
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=waits)
    run = Run()
    for rule in rules:
        step = _rows if rule.over else _days
        try:
            with engine.connect() as connection:
                run.destroyed[rule.name] = step(connection, rule)
        except DBAPIError as error:
            run.failed[rule.name] = type(error.orig).__name__
    return run


def _rows(connection: Connection, rule: Rule) -> int:
    statement = text(_ROWS.format(table=rule.name, over=rule.over))
    facts = {"table": rule.name, "before": clock.now() - rule.keep, "most": BATCH}
    total, gone = 0, BATCH
    while gone == BATCH:
        with connection.begin():
            gone = connection.execute(statement, facts).scalar() or 0
        total += gone
    return total


def _days(connection: Connection, rule: Rule) -> int:
    """Whole days. One that is locked, or not yet sealed, is left for the next run."""
    last = (clock.now() - rule.keep).date() - timedelta(days=1)
    with connection.begin():
        parts = connection.scalars(_PARTS, {"table": rule.name, "last": f"{last:%Y%m%d}"}).all()
    total = 0
    for day in parts:
        with connection.begin():
            facts = {"table": rule.name, "day": day}
            total += connection.scalar(_DESTROY_DAY, facts) or 0
    return total


_PARTS = text(
    "SELECT to_date(right(c.relname, 8), 'YYYYMMDD') FROM pg_inherits i"
    " JOIN pg_class c ON c.oid = i.inhrelid"
    " WHERE i.inhparent = CAST(:table AS regclass) AND c.relname ~ '_[0-9]{8}$'"
    " AND right(c.relname, 8) <= :last ORDER BY 1"
)
_DESTROY_DAY = text("SELECT huiban_destroy_day(:table, :day, :table)")
