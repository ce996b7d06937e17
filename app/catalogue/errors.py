"""What the catalogue refuses."""

from app.catalogue.findings import Finding
from app.core.errors import Conflict, InvalidInput, NotFound


class RegionNotFound(NotFound):
    """No such division, or it no longer stands."""

    code = "region_not_found"
    zh = "未找到该地区，请重新选择。"
    en = "There is no such region; please choose again."


class MatterNotFound(NotFound):
    """No entry has this code."""

    code = "matter_not_found"
    zh = "未找到该事项。"
    en = "There is no such matter."


class ImportRunning(Conflict):
    """Another import has not finished."""

    code = "catalogue_import_running"
    zh = "另一项目录导入尚未结束。"
    en = "Another import of the catalogue has not finished."


class RowsRefused(InvalidInput):
    """At least one row of the tables is wrong, so nothing was stored."""

    code = "catalogue_rows_refused"
    zh = "目录数据有 {count} 处错误，未导入任何内容。"
    en = "{count} findings in the catalogue's tables; nothing was imported."

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(count=len(findings))
        self.findings = findings
