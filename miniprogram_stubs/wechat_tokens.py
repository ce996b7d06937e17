"""WeChat's stable access token.

Source: https://developers.weixin.qq.com/minigame/dev/api-backend/open-api/access-token/
auth.getStableAccessToken.html: the same token until five minutes before its end, then a new one
while the old works five minutes more; a forced refresh kills the old one at once, does nothing
within 30 s of the last, and is allowed 20 times a day.
"""

import enum
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass

from miniprogram_stubs import clock

_LIFETIME_SECONDS = 7200
_EARLY_SECONDS = 300
_FORCED_SPACING_SECONDS = 30
_FORCED_PER_DAY = 20
_REMEMBERED = 1000


class TokenState(enum.Enum):
    """What a token presented by a caller is worth."""

    VALID = "valid"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass
class _Token:
    text: str
    #: When the platform stops accepting it; moves when a successor is made.
    until: float
    killed: bool = False


class StableTokens:
    """The tokens of one mini-program. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._issued: OrderedDict[str, _Token] = OrderedDict()
        self._current: _Token | None = None
        self._last_forced = 0.0
        self._forced_on: tuple[str, int] = ("", 0)

    def get(self) -> tuple[str, int]:
        """The token and the seconds it has left (never below 300)."""
        with self._lock:
            return self._get(clock.now())

    def force(self) -> tuple[str, int] | None:
        """Kill the current token and make another; None when today's refreshes are used up."""
        with self._lock:
            now = clock.now()
            if self._current and now - self._last_forced < _FORCED_SPACING_SECONDS:
                return self._get(now)
            today = f"{clock.beijing(now):%Y-%m-%d}"
            used = self._forced_on[1] if self._forced_on[0] == today else 0
            if used >= _FORCED_PER_DAY:
                return None
            self._forced_on = (today, used + 1)
            self._last_forced = now
            for token in self._issued.values():
                token.killed = True
            return self._make(now)

    def judge(self, text: str) -> TokenState:
        """Whether the platform accepts this token now."""
        with self._lock:
            token = self._issued.get(text)
            if token is None or token.killed:
                return TokenState.UNKNOWN
            return TokenState.VALID if clock.now() < token.until else TokenState.EXPIRED

    def _get(self, now: float) -> tuple[str, int]:
        current = self._current
        if current is not None and not current.killed and current.until - now > _EARLY_SECONDS:
            return current.text, int(current.until - now)
        if current is not None and current.until > now:
            current.until = now + _EARLY_SECONDS
        return self._make(now)

    def _make(self, now: float) -> tuple[str, int]:
        token = _Token(f"90_{secrets.token_urlsafe(100)}", now + _LIFETIME_SECONDS)
        self._issued[token.text] = token
        if len(self._issued) > _REMEMBERED:
            self._issued.popitem(last=False)
        self._current = token
        return token.text, _LIFETIME_SECONDS
