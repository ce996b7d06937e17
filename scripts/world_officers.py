"""The officers of the demonstration: residents who also work for a unit and sign in there."""

import base64
import hashlib
from typing import Any

Entry = dict[str, Any]


def make_officers(people: dict[str, Entry], officers: list[Entry]) -> list[Entry]:
    """Each with a name and a secret for one-time passwords that stay the same."""
    return [
        entry
        | {
            "name": people[entry["person"]]["name"],
            "document_number": people[entry["person"]]["document_number"],
            "totp_secret": _secret(entry["login"]),
        }
        for entry in officers
    ]


def _secret(login: str) -> str:
    digest = hashlib.sha256(f"totp {login}".encode()).digest()
    return base64.b32encode(digest[:20]).decode()
