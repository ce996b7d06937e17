"""One-tap sign-in (一键登录): the carrier vouches for the number of the phone itself."""

from app.connectors.one_tap import OneTap, OneTapRefused
from app.core.db import Session, phases
from app.identity import phones
from app.identity.accounts import account_of_phone
from app.identity.sessions import Device, Granted, open_session


def sign_in(session: Session, carrier: OneTap, token: str, device: Device) -> Granted:
    """Open a session for the number behind the SDK's token.

    Raises `OneTapRefused`, also for a number nobody may sign in with, and `PartyUnavailable`.
    """

    def prepare() -> None:
        # A token works once: do not use one up while our own database is away.
        session.connection()

    def call(_: None) -> str:
        return carrier.phone(token)

    def apply(_: None, phone: str) -> Granted:
        normal = phones.normalise(phone)
        if normal is None:
            raise OneTapRefused
        return open_session(session, account_of_phone(session, normal), device)

    return phases(session, prepare=prepare, call=call, apply=apply)
