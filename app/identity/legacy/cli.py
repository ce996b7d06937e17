"""Commands for users whom departments already had: `flask legacy …`."""

import csv
import sys
import uuid
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import click

from app.core.cli import current_core
from app.core.db import unit_of_work
from app.core.errors import DomainError
from app.core.runtime import Core
from app.identity.legacy import importing, linking, reading
from app.identity.legacy.models import LegacyConflict, LegacyImport
from app.identity.legacy.reading import REASONS, Examined

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group("legacy")
def cli() -> None:
    """Users whom departments already had (存量用户)."""


@cli.command("source")
@click.argument("code")
@click.option("--zh", required=True, help="What people are shown, e.g. 武汉公积金网")
@click.option("--en", required=True)
def enter_source(code: str, zh: str, en: str) -> None:
    """Enter the department system CODE, or give it other names."""
    with unit_of_work(current_core()) as session:
        importing.enter_source(session, code, zh, en)
    click.echo(f"{code}: {zh} {en}")


@cli.command("import")
@click.argument("file", type=_FILE)
@click.option("--source", required=True, help="Code of the department system. 来源系统代码")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV of the rows that were not taken: row, reason, words. 未导入的行及原因",
)
def import_file(file: Path, source: str, report: Path | None) -> None:
    """Import FILE (UTF-8): external_id, phone, name, document_type, document_number, registered_at.

    Run it again after an interruption: it goes on where it stopped.
    """
    core = current_core()
    try:
        examined = reading.examine(file)
        with unit_of_work(core) as session:
            import_id = importing.begin(session, source, examined).id
        with click.progressbar(
            length=examined.rows, label="导入 importing", file=sys.stderr
        ) as bar:
            run_import(core, import_id, examined, lambda done: bar.update(done - bar.pos))
    except DomainError as refused:
        words = f"{refused.words('zh')} {refused.words('en')}"
        raise click.ClickException(words) from None
    with unit_of_work(core) as session:
        run = importing.finish(session, import_id)
        refused_rows = importing.conflicts(session, import_id)
    if report is not None:
        _write(report, refused_rows)
    click.echo(_summary(run, len(refused_rows)))


def run_import(
    core: Core, import_id: uuid.UUID, file: Examined, progress: Callable[[int], None]
) -> None:
    """Store and link the file from where the run stands, a transaction each."""
    with unit_of_work(core) as session:
        linking.link_imported(session, import_id)
        done = session.get_one(LegacyImport, import_id).done
    progress(done)
    rows = islice(reading.rows(file.path), done, None)
    while batch := list(islice(rows, importing.BATCH)):
        with unit_of_work(core) as session:
            importing.store(session, import_id, done, batch)
        with unit_of_work(core) as session:
            linking.link_imported(session, import_id)
        done += len(batch)
        progress(done)


def _write(report: Path, conflicts: list[LegacyConflict]) -> None:
    with report.open("w", encoding="utf-8-sig", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(("row", "reason", "words"))
        table.writerows((each.row, each.reason, REASONS[each.reason]) for each in conflicts)


def _summary(run: LegacyImport, refused: int) -> str:
    return (
        f"共 {run.done} 行 rows：新增 created {run.created}，更新 updated {run.updated}，"
        f"未变 unchanged {run.unchanged}，未导入 not taken {refused}"
    )
