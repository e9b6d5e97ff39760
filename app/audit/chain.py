"""The hash chain over the log: what is hashed, and how a batch hangs on the one before.

The digest of an event is the SHA-256 of its canonical JSON: one object of all its columns but the batch, names sorted,
no white space, UTF-8, the time in UTC with microseconds. The digest of a batch is the SHA-256 of its number, the time
of sealing and the digest of the batch before, followed by the digests of its events in the order of their numbers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

BEFORE_THE_FIRST = "0" * 64
"""What stands in the place of the digest of the batch before the first."""


class LoggedEvent(NamedTuple):
    """An event as the log holds it, without its batch."""

    id: int
    municipality_id: int | None
    occurred_at: datetime
    kind: str
    actor_kind: str
    actor: str
    account_id: int | None
    what: dict[str, Any]
    purpose: str | None
    address: str | None
    request_id: str | None


class Link(NamedTuple):
    """A batch: its place in the chain."""

    id: int
    previous: str
    digest: str
    first_event: int
    last_event: int
    events: int
    sealed_at: datetime
    erased_at: datetime | None = None


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode


def canonical_json(event: LoggedEvent) -> bytes:
    """Return the bytes of an event that are hashed."""
    return _encode({**event._asdict(), "occurred_at": canonical_time(event.occurred_at)}).encode("utf-8", "replace")


def canonical_time(moment: datetime) -> str:
    """Return a point in time in UTC with microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def event_digest(event: LoggedEvent) -> bytes:
    """Return the digest of an event."""
    return hashlib.sha256(canonical_json(event)).digest()


def batch_digest(batch_id: int, previous: str, sealed_at: datetime, event_digests: Iterable[bytes]) -> str:
    """Return the digest of a batch, whose event digests come in the order of the events."""
    sha256 = hashlib.sha256(f"{batch_id}\n{canonical_time(sealed_at)}\n{previous}\n".encode("ascii"))
    for digest in event_digests:
        sha256.update(digest)
    return sha256.hexdigest()
