"""Every SQL statement about fixes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Row, SQLColumnExpression, cast, func, literal, select
from sqlalchemy.dialects.postgresql import INTERVAL, TIMESTAMP
from sqlalchemy.orm import Session

from app.database.feature_pages import Collection, Property
from app.fixes.lifecycle import FIX_STATUSES
from app.fixes.models import Fix
from app.municipalities.models import Municipality


def _local_midnight(date: SQLColumnExpression[Any]) -> ColumnElement[datetime]:
    return func.timezone(Municipality.time_zone, cast(date, TIMESTAMP), type_=DateTime(timezone=True))


_ONE_DAY = cast(literal("1 day"), INTERVAL)

FIXES = Collection(
    name="fixes",
    title="Fixes",
    singular="fix",
    description="What was or will be done about a place: a lamp, paint, a cut hedge, a mended road.",
    source=Fix.__table__.join(Municipality.__table__, Municipality.id == Fix.municipality_id),
    identifier=Fix.id,
    municipality=Fix.municipality_id,
    geometry=Fix.geom,
    geometry_types=("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"),
    properties=(
        Property("title", Fix.title, "string", "What is done."),
        Property("kind", Fix.kind, "string", "Entry of the catalogue of fixes.", filterable=True),
        Property("status", Fix.status, "string", "How far it is.", FIX_STATUSES, filterable=True),
        Property("owner", Fix.owner, "string", "Who does it.", filterable=True),
        Property("cost", Fix.cost, "number", "Cost in the municipality's currency."),
        Property("started_on", Fix.started_on, "date", "First day."),
        Property("ended_on", Fix.ended_on, "date", "Last day of the work; null while it goes on."),
        Property("danger_zone_id", Fix.danger_zone_id, "integer", "Danger zone that it answers."),
        Property("attributes", Fix.attributes, "object", "Further columns of the source."),
        Property("external_id", Fix.external_id, "string", "The supplier's identifier."),
    ),
    time=(
        _local_midnight(Fix.started_on),
        func.coalesce(
            _local_midnight(cast(Fix.ended_on, TIMESTAMP) + _ONE_DAY),
            cast(literal("infinity"), DateTime(timezone=True)),
        ),
    ),
)


def read_fixes(session: Session, municipality_id: int) -> list[Row[tuple[Any, ...]]]:
    """Return every fix, its ``shape`` as WKB in WGS 84."""
    columns = (
        Fix.id.label("fix"),
        Fix.title,
        Fix.kind,
        Fix.status,
        Fix.owner,
        Fix.cost,
        Fix.started_on,
        Fix.ended_on,
        Fix.bundle_id.label("bundle"),
        func.st_asbinary(Fix.geom).label("shape"),
    )
    return list(session.execute(select(*columns).where(Fix.municipality_id == municipality_id).order_by(Fix.id)).all())
