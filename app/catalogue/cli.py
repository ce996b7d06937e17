"""Commands for the catalogue's tables: `flask catalogue …`."""

import sys
from pathlib import Path

import click
from flask import current_app

from app.catalogue.errors import ImportRunning, RowsRefused
from app.catalogue.services import DATA, Imported, import_catalogue
from app.core.db import unit_of_work
from app.core.runtime import Core


@click.group("catalogue")
def catalogue() -> None:
    """Regions, menu and matters (事项目录)."""


@catalogue.command("import")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=DATA,
    show_default="the project's own tables 项目自带数据",
    help="Folder with the eight tables.",
)
def import_tables(directory: Path) -> None:
    """Check every row and import all tables, or report what is wrong and import nothing."""
    try:
        imported = _import(directory)
    except RowsRefused as refused:
        for finding in refused.findings:
            click.echo(str(finding), err=True)
        raise click.ClickException(f"{refused.words('zh')} {refused.words('en')}") from None
    except ImportRunning as running:
        raise click.ClickException(f"{running.words('zh')} {running.words('en')}") from None
    for line in summary(imported):
        click.echo(line)


def _import(directory: Path) -> Imported:
    core: Core = current_app.extensions["huiban"].core
    with (
        click.progressbar(length=1, label="导入 importing", file=sys.stderr) as bar,
        unit_of_work(core) as session,
    ):

        def advance(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        return import_catalogue(session, directory, advance)


def summary(imported: Imported) -> list[str]:
    """What was imported, in words."""
    c = imported.counts
    state = "已导入 imported" if imported.changed else "内容未变 already current"
    lines = [
        f"{state}: version {imported.version}, {imported.content_hash[:12]}",
        f"菜单 {c['menu']} 项：{c['menu_real']} 项有湖北真实编码，{c['menu_artificial']} 项用人工编码"
        f"（ZZ…），其中 {c['aliases']} 项为别名；另有湖北事项 {c['further']} 项",
        f"{c['menu']} menu entries: {c['menu_real']} with real Hubei codes, {c['menu_artificial']}"
        f" without (artificial code ZZ…), {c['aliases']} of them aliases;"
        f" {c['further']} further Hubei items",
        f"{c['provinces']} province, {c['cities']} 市州, {c['counties']} counties"
        f" (4 units are both), {c['demonstration_regions']} demonstration regions,"
        f" {c['retired_regions']} retired; {c['themes']} themes, {c['departments']} departments,"
        f" {c['document_types']} document types, {c['ethnic_groups']} ethnic codes",
    ]
    if imported.withdrawn:
        lines.append(f"撤下 {imported.withdrawn} 行 withdrawn")
    return lines
