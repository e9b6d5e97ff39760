"""Reading the events of an analysis, its study area, and what identifies both."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy.orm import Session

from app.errors import InvalidInputError, TooLargeError
from app.events import repository
from app.events.schemas import EventLayer, EventSelection
from app.municipalities.context import MunicipalityContext

MAX_STUDY_AREA_VERTICES = 100_000
_NAMES_SHOWN = 20


@dataclass(frozen=True)
class Events:
    """Events of a selection.

    Attributes
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres in the working CRS, in a fixed order.
    excluded : dict of str to int
        Events of the selection that could not be used, by reason.
    first_day, last_day : date or None
        Period in the municipality's time zone; None where no event carries a time.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    excluded: dict[str, int]
    first_day: date | None
    last_day: date | None

    @property
    def period(self) -> str:
        """The period for a heading, for example ``"2023-01-01 to 2024-12-31"``."""
        return f"{self.first_day} to {self.last_day}" if self.first_day and self.last_day else "time not recorded"


def read_events(session: Session, municipality: MunicipalityContext, selection: EventSelection) -> Events:
    """Read the events of a selection.

    Raises
    ------
    InvalidInputError
        No such category or source, or no event matches.
    """
    keys = _keys(session, municipality, selection)
    times = repository.read_times(session, municipality.id, municipality.time_zone, selection, keys)
    x, y = repository.read_coordinates(session, municipality.id, municipality.time_zone, selection, keys)
    if not len(x):
        raise InvalidInputError(
            f"No {selection.events} of {municipality.name} match: {_told(selection)}.",
            "Import events first, or widen categories, period or source.",
        )
    excluded = {"no_time": times.without} if times.without else {}
    return Events(x, y, excluded, times.first, times.last)


def read_study_area(
    session: Session, municipality: MunicipalityContext, study_area: dict[str, Any] | None = None
) -> gpd.GeoSeries:
    """Return the study area (one geometry) in the working CRS: the one given, or the municipality's boundary.

    Raises
    ------
    InvalidInputError
        The study area is not a valid GeoJSON polygon in degrees.
    """
    if study_area is None:
        area = shapely.from_wkb(repository.read_boundary(session, municipality.id))
    else:
        area = polygon_of_geojson(study_area)
    projected = gpd.GeoSeries([area], crs="EPSG:4326").to_crs(municipality.working_crs)
    if not np.isfinite(projected.total_bounds).all() or not projected.is_valid.all():
        raise InvalidInputError(
            f"study_area cannot be projected to the working CRS of {municipality.name}.",
            "Give an area in and around the municipality.",
        )
    return projected


def source_names(session: Session, municipality: MunicipalityContext, layer: EventLayer) -> list[str]:
    """Return the names of the sources that events of a layer came from."""
    return list(repository.source_ids(session, municipality.id, layer))


def polygon_of_geojson(document: dict[str, Any]) -> shapely.Polygon | shapely.MultiPolygon:
    """Return a GeoJSON Polygon or MultiPolygon as a geometry, if it can be a study area.

    Raises
    ------
    InvalidInputError
        It cannot be read, is not a polygon, is not valid or not in degrees.
    TooLargeError
        It has too many vertices.
    """
    hint = "Give a GeoJSON Polygon or MultiPolygon in longitude and latitude."
    try:
        area = shapely.from_geojson(json.dumps(document))
    except (shapely.GEOSException, ValueError) as error:
        raise InvalidInputError("study_area is not a GeoJSON geometry.", hint) from error
    if not isinstance(area, shapely.Polygon | shapely.MultiPolygon) or area.is_empty:
        raise InvalidInputError("study_area is not a polygon with an area.", hint)
    if shapely.get_num_coordinates(area) > MAX_STUDY_AREA_VERTICES:
        raise TooLargeError(f"study_area has more than {MAX_STUDY_AREA_VERTICES:,} vertices.", "Simplify it.")
    west, south, east, north = area.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise InvalidInputError(f"study_area reaches from {west, south} to {east, north}.", hint)
    if not area.is_valid:
        raise InvalidInputError(f"study_area is not valid: {shapely.is_valid_reason(area)}.", hint)
    return area


def fingerprint(*parts: npt.NDArray[Any] | bytes | str) -> str:
    """Return the SHA-256 of arrays (shape, type and values), bytes and texts, in the order given."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        else:
            content = part.encode() if isinstance(part, str) else part
            digest.update(f"{len(content)}:".encode())
            digest.update(content)
    return digest.hexdigest()


def _keys(session: Session, municipality: MunicipalityContext, selection: EventSelection) -> dict[str, Any]:
    keys: dict[str, Any] = {"categories": None, "source": None}
    if selection.categories:
        known = repository.category_ids(session, municipality.id, selection.events)
        unknown = [code for code in selection.categories if code not in known]
        if unknown:
            raise InvalidInputError(
                f"{municipality.name} has no category {', '.join(map(repr, unknown))} of {selection.events}.",
                _known_names("Categories", known),
            )
        keys["categories"] = [known[code] for code in selection.categories]
    if selection.source is not None:
        known = repository.source_ids(session, municipality.id, selection.events)
        if selection.source not in known:
            raise InvalidInputError(
                f"{municipality.name} has no source {selection.source!r} of {selection.events}.",
                _known_names("Sources", known),
            )
        keys["source"] = known[selection.source]
    return keys


def _known_names(what: str, known: dict[str, int]) -> str:
    names = list(known)[:_NAMES_SHOWN]
    more = " ..." if len(known) > len(names) else ""
    return f"{what} there are: {', '.join(names)}{more}." if names else f"{what} come with an import; none is stored."


def _told(selection: EventSelection) -> str:
    told = selection.model_dump(exclude_defaults=True, mode="json", include=set(EventSelection.model_fields))
    return ", ".join(f"{name} = {value}" for name, value in told.items()) or "none is stored"
