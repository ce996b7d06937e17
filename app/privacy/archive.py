"""The file somebody takes home: one JSON for machines, tables for people, a page to begin with."""

import csv
import io
import json
import uuid
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from html import escape
from typing import Any

from app.core import clock
from app.privacy.parts import Section

_PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>我的数据 My data</title>
<style>body{{font-family:sans-serif;margin:1rem;line-height:1.5}}table{{border-collapse:collapse}}
td,th{{border:1px solid #999;padding:.25rem .5rem;text-align:left}}div{{overflow-x:auto}}</style>
</head><body><h1>我的数据 My data</h1><p>{at}</p>
<p>本文件含您的个人信息，请妥善保管。 This file holds your personal data: keep it safe.</p>{body}
</body></html>
"""


def pack(sections: Sequence[Section], made_at: datetime) -> bytes:
    """The zip of these sections."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        content = {each.name: [_row(row) for row in each.rows] for each in sections}
        archive.writestr("data.json", json.dumps(content, ensure_ascii=False, indent=1))
        archive.writestr("index.html", _page(sections, made_at))
        for each in sections:
            archive.writestr(f"{each.name}.csv", "\ufeff" + _table(each))
    return buffer.getvalue()


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(clock.SHANGHAI).isoformat(timespec="seconds")
    return str(value) if isinstance(value, date | uuid.UUID) else value


def _cell(value: Any) -> str:
    plain = _plain(value)
    if plain is None:
        return ""
    return ", ".join(map(str, plain)) if isinstance(plain, list) else str(plain)


def _table(section: Section) -> str:
    lines = io.StringIO()
    writer = csv.writer(lines)
    if section.rows:
        writer.writerow(section.rows[0].keys())
    for row in section.rows:
        cells = [_cell(value) for value in row.values()]
        # A spreadsheet would take these for formulas.
        writer.writerow(["'" + text if text[:1] in "=+-@" and text else text for text in cells])
    return lines.getvalue()


def _page(sections: Sequence[Section], made_at: datetime) -> str:
    return _PAGE.format(at=_plain(made_at), body="".join(_part(each) for each in sections))


def _part(section: Section) -> str:
    title = f"<h2>{escape(section.zh)} {escape(section.en)} ({len(section.rows)})</h2>"
    if not section.rows:
        return f"{title}<p>没有记录。 Nothing.</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in section.rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(value))}</td>" for value in row.values()) + "</tr>"
        for row in section.rows
    )
    return f"{title}<div><table><tr>{head}</tr>{body}</table></div>"
