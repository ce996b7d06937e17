"""Recording what the jobs of the domains destroy."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime

from app.audit.models import Destruction
from app.core import clock
from app.core.db import Session
from app.core.ids import new_id


def record_destroyed(
    session: Session, table: str, ids: Sequence[uuid.UUID], before: datetime
) -> None:
    """Write down that these rows, whose time was over `before`, are gone; nothing for none."""
    if not ids:
        return
    digest = 0
    for gone in ids:
        digest ^= int.from_bytes(hashlib.sha256(gone.bytes).digest()[:16])
    session.add(
        Destruction(
            id=new_id(),
            at=clock.now(),
            table_name=table,
            day=None,
            before=before,
            count=len(ids),
            digest=digest.to_bytes(16),
            rule=table,
        )
    )
