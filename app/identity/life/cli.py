"""Commands about somebody's account: `flask accounts …`."""

import click

from app.core.cli import current_core
from app.core.db import unit_of_work
from app.core.errors import NotFound
from app.identity import phones
from app.identity.life import taken_over


@click.group("accounts")
def cli() -> None:
    """Residents' accounts (账号)."""


@cli.command("sign-out")
@click.option("--phone-ask", is_flag=True, required=True, help="Ask for the phone, or read a line.")
@click.option("--ways-too", is_flag=True, help="Remove the password, WeChat and Alipay as well.")
def sign_out(phone_ask: bool, ways_too: bool) -> None:
    """Sign everybody out of an account that was taken over: devices, browsers and sites.

    The phone is asked for, so that it stands in no shell history and no list of processes. Its owner is
    told by text message.
    """
    phone = phones.normalise(click.prompt("手机号 phone").strip())
    if phone is None:
        raise click.ClickException("不是手机号 not a mobile number")
    try:
        with unit_of_work(current_core()) as session:
            taken_over.sign_out(session, phone, ways_too=ways_too)
    except NotFound:
        raise click.ClickException("没有这个手机号的账号 no account has this phone") from None
    click.echo("已全部退出，两秒内生效 signed out everywhere, within two seconds")
