"""News from identity."""

from dataclasses import dataclass, field
from typing import ClassVar

from app.core import clock
from app.core.events import Event


@dataclass(frozen=True)
class RealNameProved(Event):
    """An account stands for a person from now on."""

    NAME: ClassVar[str] = "identity.real_name_proved"

    account_id: str


@dataclass(frozen=True)
class WayInChanged(Event):
    """Something about how somebody gets into their account, which they are to hear of."""

    NAME: ClassVar[str] = "identity.way_in_changed"

    #: Its own: what happens again is told again.
    id: str
    account_id: str
    #: password_set, password_changed, password_removed, wechat_linked, wechat_removed, alipay_linked,
    #: alipay_removed, scan_login, legacy_linked, site_token_copied, session_copied.
    what: str
    #: When, with its zone (ISO 8601): the text message may come late.
    at: str = field(default_factory=lambda: clock.now().isoformat())
