"""The audit log as the API shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from app.audit.events import EventKind


class AuditEventOut(BaseModel):
    """Who did or saw what, when, why and from where."""

    id: int
    occurred_at: datetime
    kind: EventKind
    actor_kind: str = Field(description="How the caller was recognised: account, key, token, reporter, command.")
    actor: str = Field(description="Name of the account, key or program; empty for the public.")
    account_id: int | None
    what: dict[str, Any] = Field(description="Collection, filters, number and identifiers of features; no contents.")
    purpose: str | None = Field(description="Purpose of use that was given.")
    address: str | None = Field(description="Address of the client.")
    request_id: str | None
    sealed: bool = Field(description="Whether the hash chain holds it already.")


class AuditPage(BaseModel):
    """A page of events, newest first."""

    events: list[AuditEventOut]
    next_before: int | None = Field(description="`before` of the next page; null on the last one.")
