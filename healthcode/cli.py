"""Commands for the verifiers' keys: `flask health-keys …`. They read the root key; nothing else does."""

from pathlib import Path

import click

from app.core.cli import current_core
from app.core.db import unit_of_work
from app.core.keys import KeyRefused, read_key_file
from app.core.runtime import Core
from healthcode import keys

ROOT_KEY = click.option(
    "--root-key",
    "root_key",
    required=True,
    type=click.Path(path_type=Path),
    help="File with the root key, made by `flask keys file`.",
)


@click.group("health-keys")
def cli() -> None:
    """Public keys for verifiers of health codes (验码公钥)."""


@cli.command("publish")
@ROOT_KEY
def publish(root_key: Path) -> None:
    """Sign and publish the set of living keys; repeat at least every seven days."""
    core = current_core()
    seed = _root_seed(core, root_key)
    with unit_of_work(core) as session:
        made = keys.publish(session, seed)
    click.echo(f"已发布 published, next update by {made.next_update:%Y-%m-%d %H:%M} UTC")
    click.echo(f"root key {keys.root_public(seed)}")


@cli.command("kill")
@click.argument("kid")
@ROOT_KEY
def kill(kid: str, root_key: Path) -> None:
    """Refuse everything signed with KID and publish the set without it."""
    core = current_core()
    seed = _root_seed(core, root_key)
    try:
        with unit_of_work(core) as session:
            keys.kill(session, kid, seed)
    except KeyRefused as refused:
        raise click.ClickException(refused.words("en")) from None
    click.echo(f"已作废 killed {kid}")


def _root_seed(core: Core, file: Path) -> bytes:
    try:
        return read_key_file(file, production=core.settings.production)
    except KeyRefused as refused:
        raise click.ClickException(refused.words("en")) from None
