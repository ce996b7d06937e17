"""What signing in needs beforehand: codes sent to invented phones, and the tokens to be refreshed."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta

from app.core import clock, crypto
from app.core.db import unit_of_work
from app.core.ids import new_id
from app.core.runtime import Core
from app.identity import login_codes, tokens
from app.identity.models import LoginCode
from benchmarks.people import Citizen, copy_rows, phone

LOGIN = "/api/v1/auth/sessions"
REFRESH = "/api/v1/auth/sessions/refresh"
#: Longer than the product's own, so that a run may take its time.
LIFE = timedelta(hours=2)


def logins(core: Core, number: int) -> Callable[[int], bytes]:
    """Lay down a code for each of the first `number` people; each signs in once, on a new device."""
    at, rows, bodies = clock.now(), [], []
    kid = core.keys.current("one_time_codes").kid
    with unit_of_work(core) as session:
        for each in range(number):
            row, of_whom = new_id(), phone(each)
            field = crypto.Field("login_codes", "phone_sealed", row)
            rows.append(
                {
                    "id": row,
                    "phone_index": crypto.blind_index(core.keys, "blind_phone", of_whom),
                    "phone_sealed": crypto.seal(core.keys, field, of_whom),
                    "purpose": "login",
                    "kid": kid,
                    "tries": 0,
                    "created_at": at,
                    "expires_at": at + LIFE,
                }
            )
            code = login_codes.derive(session, LoginCode(id=row, kid=kid))
            device = {"id": f"bench-{each}", "name": "测试机", "platform": "ios"}
            bodies.append({"phone": of_whom, "code": code, "device": device})
        copy_rows(session, "login_codes", rows)
    return _posts(LOGIN, bodies)


def refreshes(core: Core, citizens: Sequence[Citizen]) -> Callable[[int], bytes]:
    """Each person's session is continued once."""
    of_session = (tokens.derive_refresh(core.keys, each.session_id, 0) for each in citizens)
    return _posts(REFRESH, [{"refresh_token": token} for token in of_session])


def _posts(path: str, bodies: Sequence[object]) -> Callable[[int], bytes]:
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n".encode()
    ready = [json.dumps(body).encode() for body in bodies]

    def request(number: int) -> bytes:
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        body = ready[number]
        lines = f"X-Forwarded-For: {address}\r\nContent-Length: {len(body)}\r\n\r\n"
        return head + lines.encode() + body

    return request
