"""Alembic revisions. Run as the role that owns the schema (`huiban_owner`)."""
