"""The one error of this package, worded in both languages of its readers."""

from pathlib import Path

LOG_LINES = 15


class LocalServicesError(RuntimeError):
    def __init__(self, chinese: str, english: str, log: Path | None = None) -> None:
        self.chinese, self.english = chinese, english
        super().__init__("\n".join([chinese, english, *_tail(log)]))


def _tail(log: Path | None) -> list[str]:
    if log is None or not log.is_file():
        return []
    lines = log.read_text("utf-8", "replace").splitlines()[-LOG_LINES:]
    return [f"--- {log} ---", *lines] if lines else []
