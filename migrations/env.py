"""Alembic's environment: online only, as the owner of the schema, with short lock waits."""

import os

from alembic import context
from sqlalchemy import create_engine, pool, text

from app.settings import sqlalchemy_url
from migrations.models import metadata


def include_object(item: object, name: str | None, kind: str, *_: object) -> bool:
    """Leave out what is not ours to compare: procrastinate's tables and daily partitions."""
    if kind != "table" or name is None:
        return True
    tail = name.rpartition("_")[2]
    is_partition = tail == "default" or (tail.isdigit() and len(tail) == 8)
    return not name.startswith("procrastinate_") and not is_partition


def run() -> None:
    """Apply revisions on `DATABASE_OWNER_URL`, each in a transaction of its own."""
    url = context.config.attributes.get("url") or os.environ["DATABASE_OWNER_URL"]
    engine = create_engine(sqlalchemy_url(url), poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '2s'"))
        connection.execute(text("SET statement_timeout = '10min'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_object=include_object,
            transaction_per_migration=True,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
