"""What tests of the officer desk do again and again."""

import re
import time
from datetime import timedelta

import pyotp
from playwright.sync_api import Page, expect

from app.core import clock
from scripts.environment import read_world

#: Seconds a one-time password belongs to.
STEP = 30
#: A screen at a desk.
WIDE = {"width": 1280, "height": 800}
_used: dict[str, int] = {}


def officers() -> dict[str, dict]:
    """The demonstration's officers by login."""
    return {entry["login"]: entry for entry in read_world()["officers"]}


def next_otp(secret: str) -> str:
    """A one-time password that was not used yet; waits where three were used within a minute."""
    now = int(time.time()) // STEP
    step = max(_used.get(secret, 0) + 1, now)
    while step > int(time.time()) // STEP + 1:
        time.sleep(1)
    _used[secret] = step
    return pyotp.TOTP(secret).generate_otp(step)


def give_password(page: Page, login: str, password: str) -> None:
    """The first step of a sign-in."""
    page.get_by_label("用户名").fill(login)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="下一步").click()


def sign_in(page: Page, login: str) -> None:
    """Sign one of the demonstration's officers in, on the screen."""
    known = officers()[login]
    page.goto("/desk/")
    give_password(page, login, known["password"])
    page.get_by_label("动态口令").fill(next_otp(known["totp_secret"]))
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="首页")).to_be_visible()


def open_officer(page: Page, login: str) -> None:
    """From anywhere at the desk to what is known of one officer."""
    page.get_by_role("link", name="人员与角色").click()
    page.get_by_role("link", name=re.compile(re.escape(login))).click()
    expect(page.get_by_role("heading", name="角色")).to_be_visible()


def agree(page: Page, word: str) -> None:
    """Press the button of the question that was asked."""
    page.get_by_role("dialog").get_by_role("button", name=word).click()


def asked_mandate(page: Page, headers: dict[str, str], principal: dict) -> str:
    """Ask, past the screens, to act for somebody; answers the number to name at a window."""
    body = {
        "person": {name: principal[name] for name in ("name", "document_type", "document_number")},
        "relation": "parent",
        "scopes": ["pay"],
        "until": (clock.legal_today() + timedelta(days=90)).isoformat(),
    }
    asked = page.context.request.post("/api/v1/family/mandates", data=body, headers=headers)
    assert asked.status == 201, asked.text()
    return str(asked.json()["number"])
