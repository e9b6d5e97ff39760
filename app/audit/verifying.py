"""Looking through the whole log for what was altered, deleted, inserted, reordered, forged or cut off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from sqlalchemy.orm import Session

from app.audit import repository
from app.audit.chain import BEFORE_THE_FIRST, Link, LoggedEvent, batch_digest, event_digest
from app.audit.publishing import PublishedHead, read_heads
from app.audit.retaining import ERASED
from app.database.roles import DatabaseRole
from app.database.sessions import Database
from app.errors import InvalidInputError

CLOCK_TOLERANCE = timedelta(days=1)
"""By how much an event may seem to lie before the seal of the batch before its own, or after its own."""
BEFORE_ALL = datetime(1970, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Finding:
    """Something that is not as the service wrote it.

    Attributes
    ----------
    code : str
        Stable, for programs.
    message : str
        What it means, with the numbers of batch and events.
    """

    code: str
    message: str


@dataclass(frozen=True)
class Verification:
    """What a look through the log found.

    Attributes
    ----------
    batches, events : int
        Looked at.
    erased_batches : int
        Whose events retention erased; their links were looked at.
    unsealed : int
        Events that no batch protects yet.
    published_heads : int
        Compared with the chain; 0 means that a cut-off tail cannot be seen.
    head : str or None
        Digest of the newest batch.
    findings : tuple of Finding
        Empty when everything is as it was written.
    """

    batches: int
    events: int
    erased_batches: int
    unsealed: int
    published_heads: int
    head: str | None
    findings: tuple[Finding, ...]


def verify(database: Database, heads: Path | None) -> Verification:
    """Compare every event with its batch, every batch with the one before, and the chain with its published heads.

    Parameters
    ----------
    database : Database
    heads : Path or None
        File of published heads; None to go without.

    Raises
    ------
    InvalidInputError
        If the file cannot be read.
    """
    published = [] if heads is None else list(_published(heads))
    with database.transaction(DatabaseRole.AUDIT) as session:
        repository.hold_chain_still(session)
        links = repository.links(session)
        checker = _EventChecker(links)
        findings = [*_check_links(links), *checker.check(session), *_check_erased(links, checker.erased_through)]
        unsealed = repository.count_unsealed(session)
    findings += _check_published(links, published, heads)
    return Verification(
        batches=len(links),
        events=checker.events,
        erased_batches=sum(link.erased_at is not None for link in links),
        unsealed=unsealed,
        published_heads=len(published),
        head=links[-1].digest if links else None,
        findings=tuple(findings),
    )


def _published(heads: Path) -> Iterator[tuple[int, PublishedHead | None]]:
    try:
        yield from read_heads(heads)
    except OSError as error:
        raise InvalidInputError(
            f"The published heads cannot be read from {heads}: {error.strerror}.",
            "Name the file that KVART_AUDIT_HEAD_FILE names, or a copy of it.",
        ) from error


def _check_links(links: Iterable[Link]) -> Iterator[Finding]:
    number, previous = 0, BEFORE_THE_FIRST
    for link in links:
        if link.id != number + 1:
            yield Finding("missing_batch", f"Between batch {number} and batch {link.id} batches are missing.")
        elif link.previous != previous:
            yield Finding("broken_link", f"Batch {link.id} does not hang on batch {number}: one of them was forged.")
        number, previous = link.id, link.digest


class _EventChecker:
    """Goes once through the events and notes what the later checks need."""

    def __init__(self, links: Iterable[Link]) -> None:
        self._links = {link.id: link for link in links}
        self.events = 0
        self.erased_through = 0
        """Last batch whose erasure a sealed event tells of."""

    def check(self, session: Session) -> Iterator[Finding]:
        """Give what is wrong with the events, batch by batch."""
        seen = set()
        for batch_id, rows in groupby(repository.sealed_events(session), key=itemgetter(0)):
            seen.add(batch_id)
            yield from self._check_batch(batch_id, [event for _, event in rows])
        for link in self._links.values():
            if link.erased_at is None and link.id not in seen:
                yield Finding("deleted_events", f"{_named(link)}: all its events are gone.")

    def _check_batch(self, batch_id: int, events: list[LoggedEvent]) -> Iterator[Finding]:
        self.events += len(events)
        self.erased_through = max([self.erased_through, *map(_erased_through, events)])
        link = self._links.get(batch_id)
        if link is None:
            yield Finding("inserted_events", f"{len(events):,} events name batch {batch_id}, which does not exist.")
            return
        if link.erased_at is not None:
            yield Finding("inserted_events", f"{_named(link)}: was erased, yet has {len(events):,} events.")
            return
        if len(events) != link.events:
            code = "deleted_events" if len(events) < link.events else "inserted_events"
            yield Finding(code, f"{_named(link)}: has {len(events):,} events, not {link.events:,}.")
        elif batch_digest(link.id, link.previous, link.sealed_at, map(event_digest, events)) != link.digest:
            yield Finding("altered_events", f"{_named(link)}: events or the batch itself were altered or reordered.")
        before = self._links.get(batch_id - 1)
        earliest = (before.sealed_at if before else BEFORE_ALL) - CLOCK_TOLERANCE
        latest = link.sealed_at + CLOCK_TOLERANCE
        misdated = [event.id for event in events if not earliest <= event.occurred_at <= latest]
        if misdated:
            told = f"{len(misdated):,} events, the first of them {misdated[0]}, claim to be of another time"
            yield Finding("misdated_events", f"{_named(link)}: {told}: inserted later, or the clock was wrong.")


def _check_erased(links: Iterable[Link], through: int) -> Iterator[Finding]:
    """Erased batches lie at the beginning, and a later event tells of their erasure."""
    kept = False
    for link in links:
        kept = kept or link.erased_at is None
        if link.erased_at is not None and (kept or link.id > through):
            yield Finding("unexplained_erasure", f"{_named(link)}: is marked as erased, and no event tells of it.")


def _erased_through(event: LoggedEvent) -> int:
    told = event.what.get("through_batch") if event.kind == "erasure" and event.what.get("collection") == ERASED else 0
    return told if isinstance(told, int) else 0


def _check_published(
    links: list[Link], published: Iterable[tuple[int, PublishedHead | None]], heads: Path | None
) -> Iterator[Finding]:
    known = {link.id: link for link in links}
    newest = links[-1].id if links else 0
    for line, head in published:
        if head is None:
            yield Finding("unreadable_head", f"{heads}, line {line}: is no published head.")
        elif head.batch > newest:
            told = f"batch {head.batch}, sealed at {head.sealed_at}, was published; the chain ends at batch {newest}"
            yield Finding("truncated", f"{heads}, line {line}: {told}: its tail was cut off.")
        elif head.batch not in known or known[head.batch].digest != head.digest:
            told = f"batch {head.batch} was published with another digest"
            yield Finding("forged_batch", f"{heads}, line {line}: {told}: the chain was written anew.")


def _named(link: Link) -> str:
    return f"Batch {link.id} (events {link.first_event} to {link.last_event}, sealed {link.sealed_at:%Y-%m-%d %H:%M})"
