"""Commands for the operator's key rings: `flask keys …`."""

import time
from pathlib import Path

import click
from flask import current_app

from app.core import clock, freshness
from app.core import keys as keyring
from app.core.db import unit_of_work
from app.core.keys import PURPOSES, Purpose, StoredKey
from app.core.runtime import Core

#: No process is further behind than this unless it asks PostgreSQL anyway.
SETTLE_SECONDS = freshness.STALE_AFTER + 1

#: What killing a key does to people, said before it does.
EFFECT = "用此密钥生成的一切立即失效 everything made with this key stops working"
EFFECTS: dict[Purpose, str] = {
    "access_tokens": "访问令牌全部失效，客户端会自动续期 access tokens end; clients renew them unasked",
    "refresh_tokens": "十分钟内所有居民、验码场所、工作人员和网站都须重新登录"
    " within ten minutes all residents, doors, officers and sites have to sign in anew",
}


@click.group("keys")
def keys() -> None:
    """Key rings (密钥): make, rotate, kill."""


@keys.command("file")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--demonstration", is_flag=True, help="Mark the file as unfit for production.")
def make_file(path: Path, demonstration: bool) -> None:
    """Write 32 random bytes to PATH (a master or root key); never overwrites."""
    if path.exists():
        raise click.ClickException(f"{path} exists already 文件已存在")
    keyring.write_key_file(path, origin="demonstration" if demonstration else "operator")
    click.echo(f"{path}")


@keys.command("init")
def init() -> None:
    """Give every purpose without a current key one. Safe to repeat."""
    with unit_of_work(current_core()) as session:
        made = keyring.create_missing(session)
        if made:
            freshness.mark(session, "keys", "*")
    click.echo(f"已生成 made: {', '.join(made)}" if made else "密钥齐全 nothing to make")


@keys.command("list")
def show() -> None:
    """Show purpose, kid and state of every key; never the key."""
    with unit_of_work(current_core()) as session:
        for row in keyring.read_all(session):
            click.echo(f"{row.purpose:16} {row.kid:10} {row.state:9} {row.state_since:%Y-%m-%d}")


@keys.command("rotate")
@click.argument("purpose", type=click.Choice(PURPOSES))
def rotate(purpose: Purpose) -> None:
    """Make a new current key; the old one stays good as `previous`."""
    if purpose in keyring.UNROTATABLE:
        raise click.ClickException(f"{purpose}: a blind index changes only by re-indexing")
    with unit_of_work(current_core()) as session:
        rows = keyring.read_all(session)
        waiting = [row for row in rows if row.purpose == purpose and row.state == "next"]
        kid = waiting[0].kid if waiting else keyring.add_key(session, purpose, "next").kid
        freshness.mark(session, "keys", "*")
    click.echo("等待各进程读取新密钥 waiting until every process knows the new key…", err=True)
    time.sleep(SETTLE_SECONDS)
    with unit_of_work(current_core()) as session:
        for row in keyring.read_all(session):
            if row.purpose == purpose and row.state == "current":
                _set_state(row, "previous")
        session.flush()
        _set_state(session.get_one(StoredKey, (purpose, kid)), "current")
        freshness.mark(session, "keys", "*")
    click.echo(f"{purpose}: {kid}")
    if purpose == "health_codes":
        click.echo("请立即公布 now publish: flask health-keys publish --root-key …", err=True)


@keys.command("kill")
@click.argument("purpose", type=click.Choice(PURPOSES))
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Do not ask. 不再询问")
def kill(purpose: Purpose, kid: str, yes: bool) -> None:
    """Refuse everything made with this key, in every process within two seconds."""
    _refuse_code_keys(purpose)
    if purpose in keyring.UNROTATABLE or purpose == "fields":
        raise click.ClickException(f"{purpose}: stored data would be lost 已存数据将无法读取")
    if not yes:
        click.echo(EFFECTS.get(purpose, EFFECT))
        click.confirm("确定吗 go on", abort=True)
    with unit_of_work(current_core()) as session:
        row = session.get(StoredKey, (purpose, kid), with_for_update=True)
        if row is None or row.state == "killed":
            raise click.ClickException("no such key 没有这个密钥")
        was_current = row.state == "current"
        _set_state(row, "killed")
        session.flush()
        if was_current:
            keyring.add_key(session, purpose, "current")
        freshness.mark(session, "keys", "*")
    click.echo(f"killed {purpose} {kid}")


def _refuse_code_keys(purpose: Purpose) -> None:
    if purpose == "health_codes":
        raise click.ClickException(
            "健康码密钥用 health-keys，须同时公布 use `health-keys`: verifiers must be told too"
        )


def _set_state(row: StoredKey, state: str) -> None:
    row.state = state
    row.state_since = clock.now()


def current_core() -> Core:
    """The core of the application a command runs in."""
    core: Core = current_app.extensions["huiban"].core
    return core
