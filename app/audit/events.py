"""What the audit log tells of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from app.identity.caller import Caller
from app.identity.purposes import Purpose

EventKind = Literal[
    "collection", "alteration", "consultation", "disclosure", "combination", "erasure", "refusal", "sign-in"
]

EVENT_KINDS: tuple[str, ...] = get_args(EventKind)

OPERATOR = Caller("command", "operator")
"""Whoever runs a command on the machine of the service, where no account says more."""

WORKER = Caller("command", "worker")
"""The worker, which does what somebody asked for before: the event of that names the same run."""


@dataclass(frozen=True)
class AuditEvent:
    """One thing that somebody did or saw.

    Attributes
    ----------
    kind : str
        What sort of processing it was (Directive (EU) 2016/680, Article 25; refusals and sign-ins besides).
    municipality_id : int or None
        Whose data; None for what belongs to no municipality.
    actor : Caller
        Who.
    what : mapping
        JSON-ready: collection, filters, number and identifiers of rows, counts; never contents.
    purpose : Purpose or None
        Why.
    address : str or None
        From where: the address of the client; None for a command.
    request_id : str or None
        Request in whose log lines more is told.
    """

    kind: EventKind
    municipality_id: int | None
    actor: Caller
    what: Mapping[str, Any] = field(default_factory=dict)
    purpose: Purpose | None = None
    address: str | None = None
    request_id: str | None = None
