"""Use cases of officers."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.deferred import pd
from app.municipalities.context import MunicipalityContext
from app.officers import repository
from app.officers.repository import OFFICERS as COLLECTION

__all__ = ["COLLECTION", "read_officers"]


def read_officers(session: Session, municipality: MunicipalityContext, plan_id: int | None) -> pd.DataFrame:
    """Return the officers of a municipality with what matching them to beats needs.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    plan_id : int or None
        Plan in force, whose beats they hold.

    Returns
    -------
    DataFrame
        ``id, officer_id, longitude, latitude, station, languages, capacity, current_beat`` and ``serves_since``, the
        first day with the beat. Where only the name of the station is known, its place is that of a colleague's.
    """
    return repository.read_officers(session, municipality.id, plan_id)
