"""Codes for people who are signed in, and what they do with them."""

from sqlalchemy import select

from app.core import clock
from app.core.db import unit_of_work
from app.core.ids import new_id
from app.identity import login_codes
from app.identity.accounts import phone_index
from app.identity.models import LoginCode


def code_for(core, phone, purpose):
    """A fresh code, as if it had been asked for and sent a moment ago."""
    with unit_of_work(core) as session:
        session.add(
            LoginCode(
                id=new_id(),
                phone_index=phone_index(session, phone),
                phone_sealed=b"-",
                purpose=purpose,
                kid=core.keys.current("one_time_codes").kid,
                tries=0,
                known_tries=0,
                created_at=clock.now(),
                expires_at=clock.now() + login_codes.LIFE,
                used_at=None,
            )
        )
        session.flush()
        rows = select(LoginCode).where(LoginCode.phone_index == phone_index(session, phone))
        row = session.scalars(rows.order_by(LoginCode.created_at.desc()).limit(1)).one()
        return login_codes.derive(session, row)


def wrong(code):
    """Another code than this one."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def sign_in(core, client, phone, device="new-device"):
    """Sign in by phone code; answers the body."""
    answer = client.post(
        "/api/v1/auth/sessions",
        json={
            "phone": phone,
            "code": code_for(core, phone, "login"),
            "device": {"id": device, "name": "新手机", "platform": "ios"},
        },
    )
    assert answer.status_code == 201, answer.json
    return answer.json


def headers_of(body):
    """What a client sends with these tokens."""
    return {"Authorization": f"Bearer {body['access_token']}"}
