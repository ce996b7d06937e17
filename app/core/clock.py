"""The one clock. Storage is aware UTC; legal days are those of Asia/Shanghai."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def legal_today() -> date:
    """Today's date where Hubei's law counts days (Asia/Shanghai)."""
    return now().astimezone(SHANGHAI).date()
