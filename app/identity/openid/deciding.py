"""What is still to be done before a request can be answered."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from app.core import clock
from app.core.db import Session
from app.core.types import LEVELS, Level
from app.identity.models import Account, SessionFamily
from app.identity.openid import logins
from app.identity.openid.consents import standing_consent
from app.identity.openid.models import OpenidConsent, OpenidLogin
from app.identity.openid.requests import Waiting
from app.identity.openid.scopes import least_level
from app.identity.openid.subjects import subject


@dataclass(frozen=True)
class SignIn:
    """Nobody is signed in, or it is too long ago, or it is somebody else."""


@dataclass(frozen=True)
class StepUp:
    """The person must first prove more of who they are."""

    level: Level


@dataclass(frozen=True)
class AskConsent:
    """The person must be asked."""

    account: Account


@dataclass(frozen=True)
class Ready:
    """All is there."""

    login: OpenidLogin
    account: Account
    consent: OpenidConsent
    level: Level


Step = SignIn | StepUp | AskConsent | Ready
#: How a step is called when the client wants no page to be shown.
SILENT_ERRORS: dict[type[Step], str] = {
    SignIn: "login_required",
    StepUp: "interaction_required",
    AskConsent: "consent_required",
}


def next_step(session: Session, waiting: Waiting, browser: str) -> Step:
    """The next thing to do, from what stands in the database alone."""
    wish, client = waiting.wish, waiting.client
    login = logins.current_login(session, browser)
    if login is None or not _recent_enough(login, waiting):
        return SignIn()
    account = logins.account_of(session, login)
    expected = wish.expected_subject
    if expected is not None and expected != subject(session, client, account.id):
        return SignIn()
    least, level = least_level(wish.scopes, wish.acr_values), _level(session, account, waiting)
    if LEVELS.index(level) < LEVELS.index(least):
        return StepUp(least)
    consent = standing_consent(session, account.id, client.id, wish.scopes)
    asked_anew = "consent" in wish.prompt
    if consent is None or (asked_anew and consent.given_at < waiting.row.created_at):
        return AskConsent(account)
    return Ready(login, account, consent, level)


def _recent_enough(login: OpenidLogin, waiting: Waiting) -> bool:
    """A sign-in made for this very request always is."""
    wish = waiting.wish
    if login.auth_at >= waiting.row.created_at:
        return True
    if wish.prompt & {"login", "select_account"}:
        return False
    return wish.max_age is None or clock.now() - login.auth_at <= timedelta(seconds=wish.max_age)


def _level(session: Session, account: Account, waiting: Waiting) -> Level:
    """The account's level; face if it was shown in the app while this request was waiting."""
    lasts = timedelta(minutes=session.core.settings.face_level_minutes)
    began = waiting.row.created_at.replace(microsecond=0)
    shown = select(SessionFamily.id).where(
        SessionFamily.account_id == account.id,
        SessionFamily.ended_at.is_(None),
        SessionFamily.face_until >= began + lasts,
        SessionFamily.face_until > clock.now(),
    )
    if account.person_id is not None and session.scalar(shown.limit(1)) is not None:
        return "face"
    return account.level  # type: ignore[return-value]  # the column's check holds it to Level
