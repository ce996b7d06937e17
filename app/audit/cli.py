"""Commands for the audit trail: `flask audit …`."""

from datetime import datetime
from pathlib import Path

import click

from app.audit import heads
from app.audit.verifying import Finding, Report, Span, verify
from app.core.cli import current_core
from app.core.db import unhurried, unit_of_work

#: Findings that are named one by one.
NAMED = 100
WORDS = {
    "row_changed": "记录被修改 row changed",
    "row_deleted": "记录被删除 row deleted",
    "row_inserted": "记录未经封存 row inserted beside the chain",
    "link_missing": "链环缺失 link missing",
    "link_changed": "链环不符 link changed",
    "head_forged": "链首签名无效 head not signed by us",
    "head_differs": "与已公布链首不符 differs from a signed head",
    "tail_cut": "链尾被截断 end cut off",
    "destroyed_early": "销毁早于法定期限 destroyed before its time",
}
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group("audit")
def cli() -> None:
    """The audit trail (审计)."""


@cli.command("verify")
@click.option("--from", "since", type=_DAY, help="First UTC day, as 2026-01-31.")
@click.option("--to", "until", type=_DAY, help="Last UTC day.")
@click.option(
    "--heads",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Published heads; left out: HUIBAN_AUDIT_HEADS_FILE.",
)
def verify_chain(since: datetime | None, until: datetime | None, file: Path | None) -> None:
    """Follow the chain and say what was changed, deleted, inserted, swapped or cut off, and where."""
    core = current_core()
    path = file or core.settings.audit_heads_file
    try:
        published = heads.read_file(path) if path and path.exists() else []
    except heads.HeadsUnreadable as error:
        raise click.ClickException(f"{error}: 不是已公布的链首 not a published head") from None
    if not published:
        click.echo("没有库外链首，无法发现同时被截断的链尾 no heads from elsewhere", err=True)
    span = Span(since.date() if since else None, until.date() if until else None)
    with unit_of_work(core) as session, unhurried(session):
        report = verify(session, span, published=published, progress=_tell_progress)
    _tell(report)
    if report.findings:
        raise click.ClickException(f"发现 {len(report.findings)} 处问题 findings")


def _tell_progress(done: int, total: int) -> None:
    click.echo(f"  {done:,} / {total:,}", err=True)


def _tell(report: Report) -> None:
    for finding in report.findings[:NAMED]:
        click.echo(_line(finding))
    if len(report.findings) > NAMED:
        click.echo(f"… 另有 and {len(report.findings) - NAMED:,} more")
    click.echo(
        f"链环 links {report.links:,} · 链首 heads {report.heads:,} · "
        f"已依规销毁 destroyed {report.destroyed:,} · 待封存 unsealed {report.unsealed:,}"
    )


def _line(finding: Finding) -> str:
    where = [
        f"{name}={value}"
        for name, value in (
            ("link", finding.seq),
            ("day", finding.day),
            ("row", finding.row_id),
        )
        if value is not None
    ]
    return f"✗ {WORDS[finding.what]}  {' '.join(where)}"
