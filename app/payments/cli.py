"""Commands about money: `flask payments …`."""

import click

from app.core import clock
from app.core.cli import current_core
from app.core.db import unit_of_work
from app.core.errors import DomainError
from app.payments import held


@click.group("payments")
def cli() -> None:
    """Orders and their payments (缴费订单)."""


@cli.command("held")
def show_held() -> None:
    """List the orders that wait for a person, oldest first: number, why, yuan, placed, paid."""
    with unit_of_work(current_core()) as session:
        found = held.list_held(session)
    for each in found:
        placed = f"{each.created_at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"
        paid = "已付 paid" if each.paid_at else "未付 unpaid"
        click.echo(f"{each.number}  {each.because:16} {each.amount / 100:10.2f}  {placed}  {paid}")
    if not found:
        click.echo("没有待核查的订单 no order is held")


@cli.command("release")
@click.argument("number")
@click.confirmation_option(prompt="已核查，放行该订单 looked at, let it go on")
def release(number: str) -> None:
    """Let the held order NUMBER go on: paid, its departments are told again; unpaid, it closes."""
    try:
        with unit_of_work(current_core()) as session:
            order = held.release(session, number)
    except DomainError as refused:
        words = f"{refused.words('zh')} {refused.words('en')}"
        raise click.ClickException(f"{number}: {words}") from None
    click.echo(f"{number}: {order.status}")
