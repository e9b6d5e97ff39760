"""Every SQL statement of the audit log."""

from __future__ import annotations

import json

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.audit.events import AuditEvent

_DEFERRED = "case when pg_current_xact_id_if_assigned() is null then set_config('synchronous_commit', 'off', true) end"
_AWAITED = "set_config('synchronous_commit', null, true)"
_INSERT = """
with commit_mode as materialized (select {commit})
insert into audit_event (municipality_id, kind, actor_kind, actor, account_id, what, purpose, address, request_id)
select cast(:municipality_id as int), :kind, :actor_kind, :actor, cast(:account_id as bigint), cast(:what as jsonb),
       cast(:purpose as text), cast(:address as text), cast(:request_id as text)
from commit_mode
"""
_INSERT_DEFERRED = text(_INSERT.format(commit=_DEFERRED))
_INSERT_AWAITED = text(_INSERT.format(commit=_AWAITED))


def insert_event(session: Session, event: AuditEvent) -> None:
    """Store an event, in one statement.

    The commit of a transaction that did nothing but look is not waited for; one that writes anything else besides
    always is: see docs/decisions/0006-audit.md.
    """
    values = {
        "municipality_id": event.municipality_id,
        "kind": event.kind,
        "actor_kind": event.actor.kind,
        "actor": event.actor.name,
        "account_id": event.actor.account_id,
        "what": json.dumps(event.what, ensure_ascii=False, allow_nan=False),
        "purpose": event.purpose,
        "address": event.address,
        "request_id": event.request_id,
    }
    session.execute(_INSERT_DEFERRED if event.kind == "consultation" else _INSERT_AWAITED, values)
