"""An account that somebody else got into: everybody is signed out of it, on the operator's word."""

from sqlalchemy import select

from app.audit import services as audit
from app.audit.services import Act
from app.core.db import Session
from app.core.errors import NotFound
from app.identity import ending
from app.identity.accounts import lock_accounts, phone_index
from app.identity.life import texts
from app.identity.models import Account
from app.identity.openid.consents import leave_all
from app.identity.ways import links


def sign_out(session: Session, phone: str, *, ways_too: bool = False) -> None:
    """End every session, browser and site's tokens of the phone's account (E.164), and say so to it.

    `ways_too`: whoever got in may have set the password or linked their own user: these go as well, and
    only a code to the phone opens the account. Raises `NotFound`.
    """
    mine = select(Account.id).where(Account.phone_index == phone_index(session, phone))
    account_id = session.scalar(mine)
    if account_id is None:
        raise NotFound
    (account,) = lock_accounts(session, account_id)
    ending.end_all(session, account_id, "taken_over")
    leave_all(session, account_id)
    if ways_too:
        links.forget_all(session, account_id)
    texts.tell(session, phone, "signed_out_ways_too" if ways_too else "signed_out")
    act = Act(
        "identity.sign_out_everywhere",
        "operator",
        subject_id=account.person_id,
        object_id=account_id,
        reason="ways_too" if ways_too else None,
    )
    audit.record(session, act)
