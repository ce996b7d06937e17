"""`python -m migrations upgrade|downgrade REVISION`: needs DATABASE_OWNER_URL and nothing else."""

import sys
from pathlib import Path

import click
from alembic import command
from alembic.config import Config

ROOT = Path(__file__).resolve().parents[1]


def configuration(url: str | None = None) -> Config:
    """Alembic's configuration; `url` in place of DATABASE_OWNER_URL."""
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("script_location", str(ROOT / "migrations"))
    if url is not None:
        config.attributes["url"] = url
    return config


@click.group()
def main() -> None:
    """Change the database's structure."""


@main.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Go up to REVISION (default: the newest)."""
    command.upgrade(configuration(), revision)
    click.echo("数据库结构已是最新 the database is up to date", file=sys.stderr)


@main.command()
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Go down to REVISION."""
    command.downgrade(configuration(), revision)


if __name__ == "__main__":
    main()
