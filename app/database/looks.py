"""What a session read of collections, noted for the audit log."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

LOOKS = "looks"


@dataclass(frozen=True)
class Look:
    """What a session read of a collection: how many features, and the range of their identifiers."""

    collection: str
    number: int
    first: int | None
    last: int | None


def looks_of(session: Session) -> list[Look]:
    """Return what was read in this session, for the audit log."""
    looks: list[Look] = session.info.get(LOOKS, [])
    return looks


def note_look(session: Session, collection: str, number: int, first: int | None, last: int | None) -> None:
    """Note what is read in this session, or made in it and told; feature pages do so themselves."""
    session.info.setdefault(LOOKS, []).append(Look(collection, number, first, last))
