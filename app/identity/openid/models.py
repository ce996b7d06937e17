"""What the OpenID provider keeps. Secrets, codes and tokens are stored as digests only."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

Texts = ARRAY(String)


class OpenidClient(Base):
    """A department's site or program that signs people in through us (接入应用)."""

    __tablename__ = "openid_clients"
    __table_args__ = (
        CheckConstraint(
            "auth_method IN ('client_secret_basic', 'private_key_jwt', 'none')", name="auth_method"
        ),
        CheckConstraint(
            "(auth_method = 'client_secret_basic') = (secret_hash IS NOT NULL)", name="secret"
        ),
        CheckConstraint("(auth_method = 'private_key_jwt') = (jwks IS NOT NULL)", name="jwks"),
        CheckConstraint("application_type IN ('web', 'native')", name="application_type"),
    )

    #: The `client_id`.
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    #: What people are shown.
    name: Mapped[str]
    department: Mapped[str]
    application_type: Mapped[str]
    auth_method: Mapped[str]
    #: SHA-256 of a secret of 32 random bytes.
    secret_hash: Mapped[bytes | None]
    #: Public keys the client proves itself with.
    jwks: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    redirect_uris: Mapped[list[str]] = mapped_column(Texts)
    post_logout_redirect_uris: Mapped[list[str]] = mapped_column(Texts)
    backchannel_logout_uri: Mapped[str | None]
    #: Host name; clients of one sector know a person by the same subject.
    sector: Mapped[str]
    #: Scopes it may ask for.
    scopes: Mapped[list[str]] = mapped_column(Texts)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class OpenidClientProposal(Base):
    """A change of the registry that one officer proposes and another approves."""

    __tablename__ = "openid_client_proposals"
    __table_args__ = (
        CheckConstraint("kind IN ('register', 'change', 'secret')", name="kind"),
        CheckConstraint("(kind = 'secret') = (wanted IS NULL)", name="wanted"),
        CheckConstraint("kind = 'register' OR client_id IS NOT NULL", name="client"),
        CheckConstraint("NOT approved OR decided_by <> proposed_by", name="two_people"),
        CheckConstraint(
            "(decided_at IS NULL) = (approved IS NULL)"
            " AND (decided_at IS NULL) = (decided_by IS NULL)",
            name="decided",
        ),
        Index(
            "uq_openid_client_proposals_waiting",
            "client_id",
            unique=True,
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    #: None until a new client is approved.
    client_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("openid_clients.id"))
    #: All that is to be registered (`NewClient`); None where it is about the secret.
    wanted: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    proposed_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("officers.id"))
    proposed_at: Mapped[datetime]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("officers.id"))
    decided_at: Mapped[datetime | None]
    #: Null while it waits.
    approved: Mapped[bool | None]
    #: When who proposed it was shown the secret.
    collected_at: Mapped[datetime | None]


class OpenidLogin(Base):
    """A browser in which somebody is signed in to our own pages."""

    __tablename__ = "openid_logins"
    __table_args__ = (
        Index(
            "uq_openid_logins_browser",
            "browser_hash",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    #: SHA-256 of the cookie.
    browser_hash: Mapped[bytes]
    #: How it was proved who it is (RFC 8176).
    amr: Mapped[list[str]] = mapped_column(Texts)
    auth_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]


class OpenidRequest(Base):
    """An authorisation request that waits for the person to sign in or to decide."""

    __tablename__ = "openid_requests"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("openid_clients.id"), index=True)
    #: The only browser that may go on with it.
    browser_hash: Mapped[bytes] = mapped_column(index=True)
    #: The request's parameters as JSON: `state` and `nonce` are the client's own words.
    parameters_sealed: Mapped[bytes]
    #: Where the code was sent, E.164.
    phone_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    finished_at: Mapped[datetime | None]


class OpenidConsent(Base):
    """What somebody agreed that a client may know. Changed by a new row, never in place."""

    __tablename__ = "openid_consents"
    __table_args__ = (
        Index(
            "uq_openid_consents_standing",
            "account_id",
            "client_id",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("openid_clients.id"))
    #: What was asked for, and what of it was agreed to.
    asked: Mapped[list[str]] = mapped_column(Texts)
    scopes: Mapped[list[str]] = mapped_column(Texts)
    #: The text that was shown.
    notice_version: Mapped[str]
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class OpenidGrant(Base):
    """What one sign-in gave a client: first the code, then a family of tokens."""

    __tablename__ = "openid_grants"
    __table_args__ = (Index("ix_openid_grants_account_client", "account_id", "client_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("openid_clients.id"), index=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"))
    login_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("openid_logins.id"), index=True)
    #: SHA-256 of the code.
    code_hash: Mapped[bytes] = mapped_column(unique=True)
    code_expires_at: Mapped[datetime]
    #: First presented, rightly or wrongly. There is no second time.
    code_used_at: Mapped[datetime | None]
    code_challenge: Mapped[str]
    redirect_uri: Mapped[str]
    nonce_sealed: Mapped[bytes | None]
    scopes: Mapped[list[str]] = mapped_column(Texts)
    acr: Mapped[str]
    amr: Mapped[list[str]] = mapped_column(Texts)
    auth_at: Mapped[datetime]
    #: The refresh token that is good now; derived, stored nowhere.
    generation: Mapped[int]
    rotated_at: Mapped[datetime]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    #: replayed, reuse, revoked, signed_out, withdrawn, disabled.
    ended_because: Mapped[str | None]


class OpenidToken(Base):
    """An access token, good at userinfo and introspection only."""

    __tablename__ = "openid_tokens"

    #: SHA-256 of the token.
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    grant_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("openid_grants.id"), index=True)
    scopes: Mapped[list[str]] = mapped_column(Texts)
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class OpenidAssertion(Base):
    """A client assertion that was used; kept until it has expired."""

    __tablename__ = "openid_assertions"

    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("openid_clients.id"), primary_key=True)
    #: SHA-256 of its `jti`.
    jti_hash: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class OpenidLogoutNotice(Base):
    """A client that is to be told that somebody signed out (back-channel logout)."""

    __tablename__ = "openid_logout_notices"
    __table_args__ = (
        Index(
            "ix_openid_logout_notices_next_try",
            "next_try_at",
            postgresql_where=text("next_try_at IS NOT NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("openid_clients.id"), index=True)
    #: None: all of the person's sign-ins at this client ended.
    login_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("openid_logins.id"), index=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    #: When the sweep tries it; None: it was delivered, or nobody tries any more.
    next_try_at: Mapped[datetime | None]
