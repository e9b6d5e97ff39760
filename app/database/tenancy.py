"""Which municipality a transaction works for; row security shows it the rows of that one and no others.

The setting lives as long as the transaction. Without it no row of any municipality is seen or written.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, String, cast, func, text, true
from sqlalchemy.orm import Session

MUNICIPALITY_SETTING = "kvart.municipality"
SERVICE_WIDE_SETTING = "kvart.service_wide"

_SET = text("select set_config(:name, :value, true)")


def enter_municipality(session: Session, municipality_id: int) -> None:
    """Let the rest of the transaction see and write the rows of one municipality."""
    session.execute(_SET, {"name": MUNICIPALITY_SETTING, "value": str(municipality_id)})


def entering(municipality_id: ColumnElement[int]) -> ColumnElement[str]:
    """Return the expression that enters the municipality of the row that a query finds; for a lookup of one row."""
    return func.set_config(MUNICIPALITY_SETTING, cast(municipality_id, String), true())


def enter_service_wide(session: Session) -> None:
    """Let the rest of the transaction create, change and delete municipalities themselves."""
    session.execute(_SET, {"name": SERVICE_WIDE_SETTING, "value": "on"})
