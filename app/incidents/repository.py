"""Every SQL statement about incidents and categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from geoalchemy2.shape import from_shape
from sqlalchemy import and_, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from app.database.base import WGS84
from app.database.feature_collections import Collection, Property
from app.database.lookups import looked_up
from app.incidents.models import TIME_PRECISIONS, Category, Incident

INCIDENTS = Collection(
    name="incidents",
    title="Incidents",
    singular="incident",
    description="Recorded incidents with their exact place and the time window in which they occurred.",
    source=Incident.__table__.outerjoin(
        Category.__table__,
        and_(Category.municipality_id == Incident.municipality_id, Category.id == Incident.category_id),
    ),
    identifier=Incident.id,
    municipality=Incident.municipality_id,
    geometry=Incident.geom,
    geometry_types=("Point",),
    properties=(
        Property(
            "category",
            Category.code,
            "string",
            "Code of the category.",
            filterable=True,
            coarse=True,
            shown=looked_up(Category.code, Category.id, Incident.category_id),
        ),
        Property("occurred_from", Incident.occurred_from, "date-time", "Begin of the time window.", coarse=True),
        Property(
            "occurred_to", Incident.occurred_to, "date-time", "End of the time window; null: the begin.", coarse=True
        ),
        Property(
            "time_precision",
            Incident.time_precision,
            "string",
            "How exact the time is.",
            TIME_PRECISIONS,
            filterable=True,
        ),
        Property("recorded_area", Incident.recorded_area, "string", "Beat or district as its source recorded it."),
        Property("weight", Incident.weight, "number", "What it counts for, for example its harm; null: 1."),
        Property("external_id", Incident.external_id, "string", "The supplier's identifier."),
        Property("batch_id", Incident.batch_id, "integer", "Import batch that it came with."),
    ),
    sensitive=Category.sensitive,
    time=(Incident.occurred_from, func.coalesce(Incident.occurred_to, Incident.occurred_from)),
)


def insert_incidents(session: Session, municipality_id: int, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Store incidents, whose ``geom`` is a shapely point, and return their identifiers in the order given."""
    statement = insert(Incident).returning(Incident.id, sort_by_parameter_order=True)
    stored = [{**row, "municipality_id": municipality_id, "geom": from_shape(row["geom"], srid=WGS84)} for row in rows]
    return list(session.scalars(statement, stored))


def list_categories(session: Session, municipality_id: int, kind: str | None) -> list[Category]:
    """Return the categories of a municipality, of one kind or of all."""
    statement = select(Category).where(Category.municipality_id == municipality_id)
    if kind is not None:
        statement = statement.where(Category.kind == kind)
    return list(session.scalars(statement.order_by(Category.kind, Category.code)))


def category_ids(session: Session, municipality_id: int, kind: str) -> dict[str, int]:
    """Return the key of each category of a kind, by code."""
    statement = select(Category.code, Category.id).where(
        Category.municipality_id == municipality_id, Category.kind == kind
    )
    return dict(session.execute(statement).all())


def insert_missing_categories(session: Session, municipality_id: int, kind: str, labels: Mapping[str, str]) -> None:
    """Store those of the categories (code to label) that the municipality lacks."""
    rows = [
        {"municipality_id": municipality_id, "kind": kind, "code": code, "label": label}
        for code, label in sorted(labels.items())
    ]
    if rows:
        session.execute(
            upsert(Category).on_conflict_do_nothing(index_elements=["municipality_id", "kind", "code"]), rows
        )
