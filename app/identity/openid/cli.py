"""Commands for the client registry: `flask openid …`."""

import json
import uuid
from pathlib import Path

import click

from app.core.cli import current_core
from app.core.db import unit_of_work
from app.core.errors import DomainError
from app.core.types import Actor
from app.identity.openid import registration
from app.identity.openid.registration import AUTH_METHODS, NewClient
from app.identity.openid.scopes import SCOPES

BY_COMMAND = Actor("system")


@click.group("openid")
def cli() -> None:
    """Sites and programs that sign people in through us (接入应用)."""


@cli.command("client-add")
@click.option("--name", required=True, help="What people are shown, e.g. 武汉公积金")
@click.option("--department", required=True)
@click.option("--redirect-uri", "redirect_uris", multiple=True, required=True)
@click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True)
@click.option("--backchannel-logout-uri")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES))
@click.option("--sector", help="Host; needed where the redirect URIs do not share one.")
@click.option("--auth-method", type=click.Choice(AUTH_METHODS), default=AUTH_METHODS[0])
@click.option("--native", is_flag=True, help="A program on a device: loopback ports may vary.")
@click.option("--jwks", type=click.Path(path_type=Path, exists=True), help="Public keys, a file.")
def client_add(
    native: bool, jwks: Path | None, scopes: tuple[str, ...], **given: str | tuple[str, ...] | None
) -> None:
    """Register a client; prints its id and, once, its secret."""
    lists = {name: list(value) for name, value in given.items() if isinstance(value, tuple)}
    texts = {name: value for name, value in given.items() if not isinstance(value, tuple)}
    try:
        new = NewClient(
            **lists,  # type: ignore[arg-type]  # named as the options are
            **texts,  # type: ignore[arg-type]
            scopes=list(scopes) or ["openid", "profile"],
            application_type="native" if native else "web",
            jwks=json.loads(jwks.read_text()) if jwks else None,
        )
        with unit_of_work(current_core()) as session:
            client, secret = registration.register_client(session, BY_COMMAND, new)
    except (DomainError, ValueError) as error:
        words = error.words("zh") if isinstance(error, DomainError) else str(error)
        raise click.ClickException(words) from None
    click.echo(f"client_id      {client.id}")
    if secret is not None:
        click.echo(f"client_secret  {secret}")
        click.echo("密钥只显示这一次 the secret is shown this once", err=True)


@cli.command("client-list")
def client_list() -> None:
    """Show every client; never a secret."""
    with unit_of_work(current_core()) as session:
        for client in registration.clients(session, None, 1_000):
            state = "停用 disabled" if client.disabled_at else "启用 active"
            scopes = " ".join(client.scopes)
            click.echo(f"{client.id}  {state}  {client.auth_method}  {client.name}  [{scopes}]")


@cli.command("client-secret")
@click.argument("client_id", type=click.UUID)
def client_secret(client_id: uuid.UUID) -> None:
    """Give a client a new secret; the old one is refused at once."""
    with unit_of_work(current_core()) as session:
        try:
            click.echo(registration.renew_secret(session, BY_COMMAND, client_id))
        except DomainError as error:
            raise click.ClickException(error.words("zh")) from None


@cli.command("client-disable")
@click.argument("client_id", type=click.UUID)
@click.confirmation_option(prompt="Its users can no longer sign in 确定停用吗")
def client_disable(client_id: uuid.UUID) -> None:
    """Refuse a client and all of its tokens."""
    with unit_of_work(current_core()) as session:
        try:
            registration.disable_client(session, BY_COMMAND, client_id)
        except DomainError as error:
            raise click.ClickException(error.words("zh")) from None
