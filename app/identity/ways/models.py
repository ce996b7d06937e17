"""What the other ways in keep."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class AccountPassword(Base):
    """The password somebody set. Most people have none."""

    __tablename__ = "account_passwords"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    #: Argon2id, in its own text form.
    password_hash: Mapped[str]
    set_at: Mapped[datetime]


class AlipayLink(Base):
    """An Alipay user of our mini-program who signs in to an account."""

    __tablename__ = "alipay_links"
    __table_args__ = (CheckConstraint("kind IN ('open_id', 'user_id')", name="kind"),)

    #: Which of Alipay's two pseudonyms it is; newer applications are told open ids.
    kind: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    linked_at: Mapped[datetime]


class ScanLogin(Base):
    """A web page or kiosk that shows a QR code and waits for a signed-in phone."""

    __tablename__ = "scan_logins"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'confirmed', 'declined', 'claimed')", name="state"),
        CheckConstraint("client_kind IN ('web', 'kiosk')", name="client_kind"),
        CheckConstraint(
            "state NOT IN ('confirmed', 'claimed')"
            " OR (account_id IS NOT NULL AND family_id IS NOT NULL AND level IS NOT NULL)",
            name="confirmed_by",
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: SHA-256 of what only the waiting side knows.
    secret_hash: Mapped[bytes]
    client_kind: Mapped[str]
    #: What it calls itself; may contain a name.
    client_sealed: Mapped[bytes]
    #: The network it waits in (IPv4 /24, IPv6 /48).
    network_sealed: Mapped[bytes]
    #: The two digits on its screen, and the three pairs the phone offers.
    number: Mapped[str]
    numbers: Mapped[str]
    state: Mapped[str]
    #: Who answered, with which session, and how well proved that session was.
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    family_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("session_families.id"))
    level: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
