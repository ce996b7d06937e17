"""Closing an account (注销): asked for, waiting, then erased as far as the law lets."""

import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import select

from app.audit import services as audit
from app.audit.services import Act, act_of
from app.core import clock, workdays
from app.core.db import Session
from app.core.errors import DomainError
from app.core.ids import new_id
from app.core.types import Actor
from app.identity import ending, login_codes
from app.identity.accounts import lock_accounts, phone_of, take_phone
from app.identity.comeback import AccountMoved
from app.identity.life import texts
from app.identity.life.errors import ClosureRefused
from app.identity.life.models import Closure
from app.identity.openid.logout import end_logins_of
from app.identity.states import ACCOUNT, CLOSURE, move
from app.privacy.parts import Kept, Part, erase_everywhere

#: PIPL 50 and the ministry's rules for apps: answered within fifteen working days.
WAIT = 15
#: Something came up meanwhile: looked at again after this long.
AGAIN = timedelta(days=1)

#: Said when somebody asks; what was kept indeed is said when it is done.
WILL_BE_KEPT = (
    Kept(
        "订单、支付与凭证及其实名信息保存三十年",
        "Orders, payments and receipts with the name on them, for thirty years",
        "会计档案管理办法 第14条",
    ),
    Kept(
        "同意记录和审计记录保存三年",
        "Consents and the audit trail, for three years",
        "个人信息保护法 第14条；网络安全法 第21条第3项；民法典 第188条",
    ),
)

#: What stands in the way of closing: (account, person) → stable codes of what is still under way.
Obstacle = Callable[[Session, uuid.UUID, "uuid.UUID | None"], list[str]]


def request(
    session: Session, actor: Actor, code: str, obstacles: Sequence[Obstacle]
) -> Closure | DomainError:
    """Ask to have my account closed. Every device is signed out; signing in takes it back.

    A wrong code is an outcome. Raises `ClosureRefused` with the reasons, `AccountMoved`.
    """
    refused = login_codes.confirm(session, actor, login_codes.CLOSURE, code)
    if refused:
        return refused
    (account,) = lock_accounts(session, actor.account)
    if account.state != "active":
        raise AccountMoved(retry_after=1)
    reasons = _reasons(session, obstacles, account.id, account.person_id)
    if reasons:
        raise ClosureRefused(reasons=", ".join(reasons))
    account.state = move(ACCOUNT, account.state, "ask_closure")
    made = Closure(
        id=new_id(),
        account_id=account.id,
        state="waiting",
        requested_at=clock.now(),
        due_on=workdays.after(clock.legal_today(), WAIT),
        ended_at=None,
        kept=[vars(each) for each in WILL_BE_KEPT],
    )
    session.add(made)
    ending.end_all(session, account.id, "closing")
    end_logins_of(session, account.id)
    texts.tell(session, phone_of(session, account), "closing")
    act = act_of(actor, "identity.ask_closure", subject_id=account.person_id, object_id=made.id)
    audit.record(session, act)
    return made


def due(session: Session) -> list[uuid.UUID]:
    """Closures whose waiting time is over."""
    waiting = select(Closure.id).where(
        Closure.state == "waiting", Closure.due_on <= clock.legal_today()
    )
    return list(session.scalars(waiting.order_by(Closure.due_on).limit(500)))


def finish(
    session: Session, closure_id: uuid.UUID, parts: Sequence[Part], obstacles: Sequence[Obstacle]
) -> bool:
    """Erase what may go and close the account. Not if its owner came back, nor while money is under way.

    Safe to repeat. Answers whether the account is closed.
    """
    known = session.get(Closure, closure_id)
    if known is None:
        return False
    (account,) = lock_accounts(session, known.account_id)
    session.refresh(known, with_for_update=True)
    if known.state != "waiting" or account.state != "closing":
        return known.state == "done"
    person_id = account.person_id
    if _reasons(session, obstacles, account.id, person_id):
        known.due_on = clock.legal_today() + AGAIN
        return False
    phone = phone_of(session, account)
    kept = erase_everywhere(session, parts, account.id, person_id)
    account.state = move(ACCOUNT, account.state, "close")
    take_phone(account)
    account.person_id, account.level = None, "phone"
    known.state, known.ended_at = move(CLOSURE, known.state, "close"), clock.now()
    known.kept = [vars(each) for each in kept]
    session.flush()
    texts.tell(session, phone, "closed")
    audit.record(
        session,
        Act("identity.close_account", "system", subject_id=person_id, object_id=known.id),
    )
    return True


def _reasons(
    session: Session,
    obstacles: Sequence[Obstacle],
    account_id: uuid.UUID,
    person_id: uuid.UUID | None,
) -> list[str]:
    return sorted({code for each in obstacles for code in each(session, account_id, person_id)})
