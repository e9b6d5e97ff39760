"""Every SQL statement about street lights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import get_args

from sqlalchemy import Row, case, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from app.database.feature_collections import Collection, Interval, Property
from app.lights.models import StreetLight, StreetLightOutage, WorkingState

WORKING_STATES: tuple[str, ...] = get_args(WorkingState)

STREET_LIGHTS = Collection(
    name="street-lights",
    title="Street lights",
    singular="street light",
    description="Lamps of the municipal inventory, and whether they work at a time.",
    source=StreetLight.__table__,
    identifier=StreetLight.id,
    municipality=StreetLight.municipality_id,
    geometry=StreetLight.geom,
    geometry_types=("Point",),
    properties=(
        Property("lamp_type", StreetLight.lamp_type, "string", "Type of the lamp.", filterable=True),
        Property("owner", StreetLight.owner, "string", "Who keeps it.", filterable=True),
        Property("attributes", StreetLight.attributes, "object", "Further columns of the source."),
        Property("external_id", StreetLight.external_id, "string", "The supplier's identifier."),
        Property(
            "working",
            literal("unknown"),
            "string",
            "At the time asked for: `out` during a recorded outage, else `working`; `unknown` before the first outage "
            "that the municipality recorded, and where it records none.",
            WORKING_STATES,
            filterable=True,
        ),
    ),
)


def lights_at(session: Session, municipality_id: int, span: Interval) -> Collection:
    """Return the collection of lamps with their state in a span of time.

    Parameters
    ----------
    session : Session
    municipality_id : int
    span : Interval
        A lamp is ``out`` if it was out in any part of it; its begin tells whether outages were recorded by then.
    """
    register_begins = session.scalar(
        select(func.min(StreetLightOutage.out_from)).where(StreetLightOutage.municipality_id == municipality_id)
    )
    known = register_begins is not None and (span.begin is None or register_begins <= span.begin)
    conditions = [
        StreetLightOutage.municipality_id == StreetLight.municipality_id,
        StreetLightOutage.street_light_id == StreetLight.id,
    ]
    if span.end is not None:
        conditions.append(StreetLightOutage.out_from <= span.end)
    if span.begin is not None:
        conditions.append(or_(StreetLightOutage.out_to.is_(None), StreetLightOutage.out_to > span.begin))
    out = exists().where(*conditions).correlate(StreetLight)
    state = case((out, literal("out")), else_=literal("working" if known else "unknown"))
    properties = tuple(
        replace(item, expression=state) if item.name == "working" else item for item in STREET_LIGHTS.properties
    )
    return replace(STREET_LIGHTS, properties=properties)


def read_lamps(session: Session, municipality_id: int) -> Sequence[Row[int, float, float]]:
    """Return key, x and y of every lamp."""
    lamp = StreetLight
    statement = select(lamp.id.label("lamp"), lamp.x, lamp.y).where(lamp.municipality_id == municipality_id)
    return session.execute(statement.order_by(lamp.id)).all()


def read_outages(session: Session, municipality_id: int) -> Sequence[Row[int, datetime, datetime | None]]:
    """Return lamp, begin and end of every outage."""
    outage = StreetLightOutage
    statement = select(outage.street_light_id.label("lamp"), outage.out_from, outage.out_to)
    return session.execute(statement.where(outage.municipality_id == municipality_id).order_by(outage.id)).all()
