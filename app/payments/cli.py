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
@click.option("--yes", is_flag=True, help="Do not ask. 不再询问")
def release(number: str, yes: bool) -> None:
    """Let the held order NUMBER go on: paid, its departments are told again; unpaid, it closes."""
    if not yes:
        with unit_of_work(current_core()) as session:
            click.echo(_warning(held.find(session, number)))
        click.confirm("已核查，放行该订单 looked at, let it go on", abort=True)
    try:
        with unit_of_work(current_core()) as session:
            order = held.release(session, number)
    except DomainError as refused:
        words = f"{refused.words('zh')} {refused.words('en')}"
        raise click.ClickException(f"{number}: {words}") from None
    click.echo(f"{number}: {order.status}")


def _warning(order: held.Held | None) -> str:
    """What will happen to the order, said before it does."""
    if order is None:
        return "没有这笔待核查的订单 no such held order"
    if order.paid_at is None:
        effect = "未付：将关闭，缴费单可另行缴纳 unpaid: it closes, its bills are free"
        if order.because != "provider_state":
            effect += "；微信可能已收款但未入账 WeChat may hold money that is in no posting"
        return f"{order.because}: {effect}"
    effect = "已付：将再次通知部门入账 paid: its departments are told again"
    if order.because == "provider_state":
        effect += "；款项可能已退回 the money may have gone back"
    return f"{order.because}: {effect}"
