"""Cookies of ours that a browser may only use from our own pages."""

from datetime import timedelta

from flask import Response, request

from api.context import finish, world
from app.identity.errors import OriginRefused


def demand_own_origin() -> None:
    """Raise `OriginRefused` unless the request comes from our own pages."""
    if request.headers.get("Origin") != world().core.settings.public_url:
        raise OriginRefused


def set_cookie(name: str, value: str, path: str, life: timedelta) -> None:
    """Give the browser a cookie that scripts cannot read, once the effect is committed.

    An empty value takes it away.
    """
    secure = world().core.settings.secure_cookies

    def attach(response: Response) -> None:
        response.set_cookie(
            name,
            value,
            max_age=int(life.total_seconds()) if value else 0,
            path=path,
            secure=secure,
            httponly=True,
            samesite="Strict",
        )

    finish(attach)
