"""Figures for those who watch: what waits for a second person, which sites do not hear us."""

from datetime import timedelta

from sqlalchemy import func, select

from app.core import clock
from app.core.db import Session
from app.core.metrics import Figure
from app.identity.openid.models import OpenidClientProposal, OpenidLogoutNotice

#: A site has this long to be told; what nobody could be told for a day is given up.
IN_TIME, GIVEN_UP = timedelta(minutes=1), timedelta(days=1)


def read(session: Session) -> list[Figure]:
    """Proposals of the registry without a decision; logout notices of the last day not delivered."""
    at = clock.now()
    waiting = select(func.count()).where(OpenidClientProposal.decided_at.is_(None))
    silent = select(func.count()).where(
        OpenidLogoutNotice.delivered_at.is_(None),
        OpenidLogoutNotice.created_at.between(at - GIVEN_UP, at - IN_TIME),
    )
    return [
        Figure(
            "huiban_client_proposals_waiting",
            "Changes of the registry of sites that wait for a second person",
            session.scalar(waiting) or 0,
        ),
        Figure(
            "huiban_logout_notices_undelivered",
            "Sites not told of a logout, for a minute to a day",
            session.scalar(silent) or 0,
        ),
    ]
