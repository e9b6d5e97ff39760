"""The coarse view of a collection: the cell of a fixed lattice instead of the place, the month instead of the time.

A view is a `Collection` like any other, whose geometry and times are computed in SQL. Pages, rectangles and time
filters act on what is computed, so that no sequence of questions narrows down what is stored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from sqlalchemy import func, text

from app.database.base import INSTANT
from app.database.feature_collections import Collection, Expression, Property

METRES_OF_A_DEGREE = 111_320
CELL_METRES = 500
ROUNDING = 1.01
"""The index is asked for a little more than half a cell around."""

MONTH = "YYYY-MM"


@dataclass(frozen=True)
class Lattice:
    """Cells of about 500 m and months of a time zone.

    Attributes
    ----------
    width, height : float
        Degrees of longitude and latitude between two nodes.
    time_zone : str
        IANA name.
    """

    width: float
    height: float
    time_zone: str


def lattice_at(latitude: float, time_zone: str) -> Lattice:
    """Return the lattice of a place.

    Its origin is longitude and latitude 0, and its width depends on the whole degree of latitude alone: the same place
    always falls into the same cell, also after a boundary was corrected, so that no average of answers tells more.

    Parameters
    ----------
    latitude : float
        Degrees.
    time_zone : str
        IANA name.
    """
    rows = round(METRES_OF_A_DEGREE / CELL_METRES)
    columns = max(1, round(rows * math.cos(math.radians(round(latitude)))))
    return Lattice(1 / columns, 1 / rows, time_zone)


def coarse_view(collection: Collection, lattice: Lattice) -> Collection:
    """Return the collection as those see it who may not see places and times exactly.

    Parameters
    ----------
    collection : Collection
    lattice : Lattice
        Of the municipality.
    """
    centre = func.ST_Centroid(collection.geometry)
    times = None if collection.time is None else _whole_months(*collection.time, lattice.time_zone)
    return replace(
        collection,
        geometry=func.ST_SnapToGrid(centre, 0.0, 0.0, lattice.width, lattice.height),
        geometry_types=("Point",),
        properties=tuple(_coarse(item, lattice.time_zone) for item in collection.properties if item.coarse),
        time=times,
        coarse=True,
        indexed_geometry=collection.geometry,
        reach=(lattice.width / 2 * ROUNDING, lattice.height / 2 * ROUNDING),
    )


def _coarse(item: Property, time_zone: str) -> Property:
    if item.type != "date-time":
        return item
    month = func.to_char(func.timezone(time_zone, item.expression), MONTH)
    return replace(item, expression=month, shown=None, type="month", description=f"{item.description} The month.")


def _whole_months(begin: Expression, end: Expression, time_zone: str) -> tuple[Expression, Expression]:
    """Return the first and the last instant of the months in which a span begins and ends."""
    first, last = (func.date_trunc("month", func.timezone(time_zone, moment)) for moment in (begin, end))
    end_of_last = last + text("interval '1 month'") - text("interval '1 microsecond'")
    return func.timezone(time_zone, first, type_=INSTANT), func.timezone(time_zone, end_of_last, type_=INSTANT)
