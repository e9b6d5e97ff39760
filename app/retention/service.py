"""Use cases of retention: decide for how long data is kept, erase what is older, erase one row before that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.events import OPERATOR, AuditEvent
from app.database.sessions import Database
from app.errors import InvalidInputError, NotFoundError
from app.identity.caller import Caller
from app.imports import service as imports
from app.municipalities import service as municipalities
from app.municipalities.context import MunicipalityContext
from app.retention import repository
from app.retention.rules import COLLECTIONS, MOST_DAYS

__all__ = ["ERASABLE", "Rule", "apply_rules", "erase", "set_rule", "show_rules"]

UPLOADS = "uploads"
ERASABLE = {"incident": "incidents", "report": "reports", "danger-zone": "danger-zones"}
"""What can be erased one by one, with its collection."""
MOST_MUNICIPALITIES = 100_000


@dataclass(frozen=True)
class Rule:
    """For how long a municipality keeps a collection.

    Attributes
    ----------
    collection : str
    days : int or None
        None is for good.
    is_default : bool
        Whether the municipality did not decide otherwise.
    """

    collection: str
    days: int | None
    is_default: bool


@dataclass(frozen=True)
class Erasure:
    """What retention erased, or would erase, of a collection.

    Attributes
    ----------
    municipality : str
        Code.
    collection : str
    days, rows : int
    """

    municipality: str
    collection: str
    days: int
    rows: int


def show_rules(session: Session, municipality: MunicipalityContext) -> list[Rule]:
    """Return the rule of every collection."""
    decided = repository.rules(session, municipality.id)
    return [Rule(name, decided.get(name, kept.days), name not in decided) for name, kept in COLLECTIONS.items()]


def set_rule(
    session: Session, municipality: MunicipalityContext, collection: str, days: int | None, actor: Caller = OPERATOR
) -> None:
    """Decide for how many days a municipality keeps a collection; None is for good.

    Raises
    ------
    InvalidInputError
        If there is no such collection, the days are out of range, or it must not be kept for good.
    """
    if collection not in COLLECTIONS:
        raise InvalidInputError(
            f"Retention knows no collection {collection[:80]!r}.", f"Collections: {', '.join(COLLECTIONS)}."
        )
    if days is None and not COLLECTIONS[collection].for_good:
        raise InvalidInputError(f"{collection} are never kept for good.", f"Give 1 to {MOST_DAYS:,} days.")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise InvalidInputError(f"{days} is no number of days to keep {collection}.", f"Give 1 to {MOST_DAYS:,} days.")
    repository.store_rule(session, municipality.id, collection, days)
    what = {"collection": "retention", "of": collection, "days": days}
    audit.record(session, AuditEvent("alteration", municipality.id, actor, what))


def apply_rules(
    database: Database,
    uploads: Path,
    *,
    municipality: str | None = None,
    dry_run: bool = False,
    now: datetime | None = None,
    actor: Caller = OPERATOR,
) -> list[Erasure]:
    """Erase what is older than the rules say, of one municipality or of all, and return what there was.

    Each municipality is one transaction, in which the audit log is told the counts and never the contents.

    Parameters
    ----------
    database : Database
    uploads : Path
        Directory in which the uploaded files of each municipality lie.
    municipality : str, optional
        Code.
    dry_run : bool
        Only count; uploaded files are not counted.
    now : datetime, optional
        Time that the days are counted back from; the present by default.
    actor : Caller

    Raises
    ------
    NotFoundError
        If there is no such municipality.
    """
    with database.transaction() as session:
        names = municipalities.municipality_names(session, MOST_MUNICIPALITIES)
        codes = [code for code, _ in names] if municipality is None else [municipality]
    moment = now or datetime.now(UTC)
    erased: list[Erasure] = []
    for code in codes:
        with database.transaction() as session:
            found = municipalities.find_municipality(session, code)
            for rule in show_rules(session, found):
                if rule.days is None:
                    continue
                rows = _apply(session, found, rule.collection, rule.days, moment, None if dry_run else uploads)
                if rows:
                    erased.append(Erasure(code, rule.collection, rule.days, rows))
                if rows and not dry_run:
                    what = {"collection": rule.collection, "rows": rows, "days": rule.days, "by": "retention"}
                    audit.record(session, AuditEvent("erasure", found.id, actor, what))
    return erased


def erase(
    session: Session,
    municipality: MunicipalityContext,
    what: str,
    identifier: int,
    reason: str,
    actor: Caller = OPERATOR,
) -> None:
    """Erase one incident, report or danger zone, and write down why; the contents are not written anywhere.

    Raises
    ------
    InvalidInputError
        If there is nothing of that name to erase, or no reason.
    NotFoundError
        If the municipality has none of that identifier.
    """
    if what not in ERASABLE:
        raise InvalidInputError(f"{what[:40]!r} cannot be erased one by one.", f"Erase one of: {', '.join(ERASABLE)}.")
    if not reason.strip():
        raise InvalidInputError("An erasure takes a reason.", "Say --reason, without names of persons.")
    collection = ERASABLE[what]
    if not repository.erase_one(session, municipality.id, collection, identifier):
        raise NotFoundError(f"{municipality.name} has no {what} {identifier}.", "Nothing was erased.")
    told = {"collection": collection, "id": identifier, "rows": 1, "reason": reason.strip()[:500]}
    audit.record(session, AuditEvent("erasure", municipality.id, actor, told))


def _apply(
    session: Session,
    municipality: MunicipalityContext,
    collection: str,
    days: int,
    now: datetime,
    uploads: Path | None,
) -> int:
    """Erase the old rows of a collection, or (without a directory of uploads) only count them."""
    cutoff = now - timedelta(days=days)
    if collection == UPLOADS:
        return 0 if uploads is None else imports.discard_old_uploads(session, municipality, uploads, cutoff)
    if uploads is None:
        return repository.count_old(session, municipality.id, collection, cutoff)
    return repository.erase_old(session, municipality.id, collection, cutoff)
