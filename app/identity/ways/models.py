"""What the other ways in keep."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class AccountPassword(Base):
    """The password somebody set. Most people have none."""

    __tablename__ = "account_passwords"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    #: Argon2id, in its own text form.
    password_hash: Mapped[str]
    set_at: Mapped[datetime]
