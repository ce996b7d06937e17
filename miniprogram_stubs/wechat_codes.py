"""The single-use codes a WeChat client hands to a mini-program: login codes and phone codes."""

import enum
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass

from miniprogram_stubs import clock
from miniprogram_stubs.world import Person

LIFETIME_SECONDS = 300
_MOST_CODES = 200_000


class CodeState(enum.Enum):
    """What became of a code when somebody came to exchange it."""

    VALID = "valid"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"


@dataclass
class _Issued:
    person: Person
    at: float
    used: bool = False


class Codes:
    """Codes of one kind. Thread-safe; a code can be claimed once, within five minutes."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._lock = threading.Lock()
        self._issued: OrderedDict[str, _Issued] = OrderedDict()

    def issue(self, person: Person) -> str:
        """A new code for a person."""
        code = secrets.token_hex(self._length // 2)
        with self._lock:
            self._issued[code] = _Issued(person, clock.now())
            if len(self._issued) > _MOST_CODES:
                self._issued.popitem(last=False)
        return code

    def claim(self, code: str) -> tuple[CodeState, Person | None]:
        """Use a code up; the person comes only with VALID."""
        with self._lock:
            issued = self._issued.get(code)
            if issued is None:
                return CodeState.UNKNOWN, None
            if issued.used:
                return CodeState.USED, None
            if clock.now() - issued.at > LIFETIME_SECONDS:
                return CodeState.EXPIRED, None
            issued.used = True
            return CodeState.VALID, issued.person
