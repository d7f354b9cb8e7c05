"""How people come in with a browser: sessions, identities of a provider, invitations.

A session's id is random and stored as its SHA-256 only. E-mail addresses stand in `invitations`
alone, so that they can be erased there; they enter no event, no history and no log.
"""

from datetime import datetime

from sqlmodel import Field, SQLModel

from gonogo.db.tables import _time


class SessionRow(SQLModel, table=True):
    """A signed-in browser. It holds until `expires_at`, `idle_at` or `revoked_at`, UTC.

    `how` is `oidc`, `token` or `demo`. `token` is the digest of the token it was opened with:
    the session ends with it.
    """

    __tablename__ = "sessions"
    sha256: str = Field(primary_key=True)
    store_id: str
    person: str = Field(index=True)
    how: str
    token: str | None = None
    agent: str  # "Chrome on Linux": enough to know one's own browsers apart
    created_at: datetime = _time()
    last_seen_at: datetime = _time()
    idle_at: datetime = _time()
    expires_at: datetime = _time(index=True)
    revoked_at: datetime | None = _time(nullable=True)


class IdentityRow(SQLModel, table=True):
    """A subject of an identity provider, bound to one person for good."""

    __tablename__ = "identities"
    store_id: str = Field(primary_key=True)
    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    person: str = Field(index=True)
    bound_at: datetime = _time()
    last_used_at: datetime = _time()


class InvitationRow(SQLModel, table=True):
    """Whoever first proves `email` (lower case) before `expires_at` becomes `person`, once."""

    __tablename__ = "invitations"
    store_id: str = Field(primary_key=True)
    email: str = Field(primary_key=True)
    person: str = Field(index=True)
    invited_by: str
    created_at: datetime = _time()
    expires_at: datetime = _time()
    accepted_at: datetime | None = _time(nullable=True)
