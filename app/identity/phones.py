"""Mobile numbers of mainland China."""

import re

_MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})", re.ASCII)
#: 140, 141, 144, 146, 148, 149: data and machine segments that no person signs in with.
_MACHINES = ("140", "141", "144", "146", "148", "149")


def normalise(text: str) -> str | None:
    """E.164 form of a mobile number a person may sign in with, else None."""
    match = _MOBILE.fullmatch(text)
    if match is None or match[1].startswith(_MACHINES):
        return None
    return "+86" + match[1]
