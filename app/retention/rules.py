"""What is kept for how long, where a municipality did not decide otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.retention.repository import rules

MOST_DAYS = 36_500


@dataclass(frozen=True)
class Kept:
    """A collection that retention looks at.

    Attributes
    ----------
    days : int or None
        For how many days it is kept by default; None: for good.
    counted_from : str
        From when the days are counted.
    for_good : bool
        Whether a municipality may keep it for good.
    """

    days: int | None
    counted_from: str
    for_good: bool = True


COLLECTIONS = {
    "incidents": Kept(None, "their time, or their import where they have none"),
    "reports": Kept(None, "their end or time, or their import where they have none"),
    "danger-zones": Kept(None, "their last change, once they are fixed, rejected, duplicates or passed on"),
    "reporter-data": Kept(
        365, "the report: contact, secret link and the key that tells reporters apart", for_good=False
    ),
    "quarantined-rows": Kept(90, "their import", for_good=False),
    "uploads": Kept(90, "the upload", for_good=False),
    "runs": Kept(None, "their end, with their results; not those that a beat plan came from"),
}


def days_kept(session: Session, municipality_id: int, collection: str) -> int:
    """Return for how many days a municipality keeps a collection that is never kept for good."""
    return rules(session, municipality_id).get(collection) or COLLECTIONS[collection].days or MOST_DAYS
