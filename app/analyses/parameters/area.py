"""What most analyses ask for: a study area, cells over it, and what has to be read besides the events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, model_validator

from app.events.schemas import Coordinate, EventSelection, EventWeights, Length, Name
from app.features.schemas import AreaGeometry


@dataclass(frozen=True)
class Needs:
    """What an analysis reads besides the places of its events.

    Attributes
    ----------
    times : bool
        When the events happened, and how precisely that is known.
    units : bool
        Areal units with their residents.
    streets : bool
        Street segments.
    counts_only : bool
        Square cells whose counts are all it takes, so that the database may count.
    weights : EventWeights or None
        What an event counts for, where that is not 1.
    base : EventSelection or None
        Second layer of events, which the first is compared with; weighed alike where it is of the same kind.
    clipped : bool
        Whether events outside a study area that was given are left out beforehand, because no cells do so.
    may_lack_events : bool
        Whether the analysis has something to say of a town without any event.
    lamps, fixes, zones, voices, beats : bool
        Street lights with their outages, fixes, danger zones, distinct reporters, beats in force.
    others : mapping of str to EventSelection
        Further events, by name.
    """

    times: bool = False
    units: bool = False
    streets: bool = False
    counts_only: bool = False
    weights: EventWeights | None = None
    base: EventSelection | None = None
    clipped: bool = False
    may_lack_events: bool = False
    lamps: bool = False
    fixes: bool = False
    zones: bool = False
    voices: bool = False
    beats: bool = False
    others: Mapping[str, EventSelection] = field(default_factory=dict)


class AreaParameters(EventSelection):
    """Events of a study area."""

    study_area: AreaGeometry | None = Field(
        default=None,
        description="GeoJSON Polygon or MultiPolygon, longitude and latitude; the municipality's boundary when absent.",
    )
    exclude_point_masses: bool = Field(
        default=False,
        description="Leave out points that hold an implausible share of the events (a default geocode, for example). "
        "Of reports and danger zones they are left out unless this says false.",
    )
    units_source: Name | None = Field(
        default=None, description="Source of the areal units, where they are used; needed where there are several."
    )

    @model_validator(mode="before")
    @classmethod
    def _reports_without_piles(cls, given: Any) -> Any:
        """Leave out, unless told otherwise, the point at which a 311 line enters unknown addresses."""
        if isinstance(given, dict) and given.get("events") in ("reports", "danger-zones"):
            return {"exclude_point_masses": True, **given}
        return given

    def needs(self) -> Needs:
        """Return what the analysis reads besides the places of its events."""
        return Needs()


class GridParameters(AreaParameters):
    """Cells over a study area."""

    cell_m: Length | None = Field(default=None, description="Size of a cell, metres; suggested when absent.")
    origin_m: tuple[Coordinate, Coordinate] | None = Field(
        default=None,
        description="A corner of the lattice in the working CRS, metres; multiples of cell_m from (0, 0) when absent.",
    )
