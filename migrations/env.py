"""Alembic's environment: online only, as the owner of the schema, with short lock waits."""

import os

from alembic import context
from sqlalchemy import create_engine, pool, text

from app.settings import sqlalchemy_url
from migrations.compare import include_object
from migrations.models import metadata


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
