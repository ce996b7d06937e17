"""What can go wrong with a department's file of users."""

from app.core.errors import Conflict, InvalidInput, NotFound


class UnknownSource(NotFound):
    """No department system has this code."""

    code = "legacy_source_unknown"
    zh = "没有这个来源系统，请先用 legacy source 登记。"
    en = "There is no such source; enter it first: legacy source."


class ImportRunning(Conflict):
    """Another import of the same source is at work."""

    code = "legacy_import_running"
    zh = "该来源的另一项导入正在进行，稍后重新执行即可接着导入。"
    en = "Another import of this source is running; run this one again later and it goes on."


class FileRefused(InvalidInput):
    """The file as a whole cannot be read. Fact: `why`."""

    code = "legacy_file_refused"
    zh = "文件无法读取（{why}），未导入任何内容。"
    en = "The file cannot be read ({why}); nothing was imported."
