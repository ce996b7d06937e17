"""What a sign-in meets: an account that waits to be closed, was merged, or must be proved anew."""

from datetime import datetime, timedelta

from sqlalchemy import and_, func, not_, select, update

from app.core.db import Session
from app.core.errors import Unavailable
from app.identity.accounts import lock_accounts
from app.identity.life.models import Closure
from app.identity.models import Account, SessionFamily
from app.identity.states import ACCOUNT, CLOSURE, USABLE, move

#: After this long without use a phone may have become somebody else's (号码回收).
UNUSED = timedelta(days=60)
#: So long after the phone changed a new device proves the real name first.
NEW_PHONE = timedelta(days=30)


class AccountMoved(Unavailable):
    """The account was merged or lost its phone at this very moment; the next try finds out."""

    code = "account_moved"


def welcome(session: Session, account: Account, at: datetime) -> bool:
    """Lock the account for a sign-in. One that waits to be closed goes on; answers whether it did wait.

    Raises `AccountMoved`.
    """
    lock_accounts(session, account.id)
    if account.state not in USABLE:
        raise AccountMoved(retry_after=1)
    if account.state != "closing":
        return False
    account.state = move(ACCOUNT, account.state, "come_back")
    waiting = update(Closure).where(Closure.account_id == account.id, Closure.state == "waiting")
    session.execute(waiting.values(state=move(CLOSURE, "waiting", "come_back"), ended_at=at))
    return True


def must_prove(session: Session, account: Account, device_id: str | None, at: datetime) -> bool:
    """Whether having the phone is too little, because it may have become somebody else's.

    Only an account that stands for a person has something to protect. A device on which its owner was
    signed in is believed, except a kiosk, where a citizen's session has an end: that is anybody's. A
    browser (`device_id` None) cannot be known again: after another phone its owner's proof is enough.
    """
    if account.person_id is None:
        return False
    kiosk = and_(SessionFamily.use == "citizen", SessionFamily.ends_at.is_not(None))
    same = and_(SessionFamily.device_id == device_id, not_(kiosk))
    owners = select(func.bool_or(same), func.max(SessionFamily.rotated_at)).where(
        SessionFamily.account_id == account.id, SessionFamily.unproved.is_(False)
    )
    known, last_used = session.execute(owners).one()
    if known:
        return False
    last_used = last_used or account.proved_at or account.created_at
    if last_used < at - UNUSED:
        return True
    changed = account.phone_changed_at
    if changed is None or changed <= at - NEW_PHONE:
        return False
    return device_id is not None or account.proved_at is None or account.proved_at < changed
