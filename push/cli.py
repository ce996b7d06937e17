"""Commands for notices: `flask push …`."""

from datetime import datetime
from pathlib import Path

import click

from app.core import clock
from app.core.cli import current_core
from app.core.db import unit_of_work
from push import delivery, evaluating, rulebook
from push.errors import FactsRefused
from push.facts import COLUMNS, import_table


@click.group("push")
def cli() -> None:
    """Notices and their rules (消息推送)."""


@cli.group("facts")
def facts() -> None:
    """Days in people's lives that rules speak of (事实)."""


@facts.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def import_facts(file: Path) -> None:
    """Record the facts in FILE, or say which lines are wrong and record none."""
    try:
        with (
            file.open(encoding="utf-8-sig", newline="") as lines,
            unit_of_work(current_core()) as session,
        ):
            imported = import_table(session, lines)
    except FactsRefused as refused:
        for line, messages in (refused.fields or {}).items():
            click.echo(f"{file.name}:{line}: {'; '.join(messages)}", err=True)
        raise click.ClickException(
            f"{refused.words('zh')} {refused.words('en')} ({','.join(COLUMNS)})"
        ) from None
    except UnicodeDecodeError:
        raise click.ClickException("文件不是 UTF-8 编码。 The file is not UTF-8.") from None
    click.echo(f"已记录 recorded {imported.recorded}, 未知人员 unknown people {imported.unknown}")


@cli.command("evaluate")
@click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Legal day; today unless said otherwise. 法定日期，默认今天",
)
def evaluate(day: datetime | None) -> None:
    """Evaluate all daily rules now, even when that was done before. Nobody is told twice."""
    legal_day = day.date() if day else clock.legal_today()
    for rule in rulebook.in_force(legal_day):
        if rule.facts is None:
            continue
        made, after, left = evaluating.Made(), None, True
        while left:
            with unit_of_work(current_core()) as session:
                step = evaluating.evaluate(session, rule, legal_day, after)
            made += step.made
            after, left = step.reached, step.reached is not None
        with unit_of_work(current_core()) as session:
            delivery.start(session, made.deliveries)
        click.echo(f"{rule.id} v{rule.version}: {made.notices} notices, {made.deliveries} knocks")
