"""Reading the events of an analysis, its study area, and what identifies both."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy.orm import Session

from app.deferred import gpd, pd
from app.errors import InvalidInputError, TooLargeError
from app.events import repository
from app.events.layers import LAYERS
from app.events.repository import CellRows, Edges, Ranges
from app.events.schemas import EventLayer, EventSelection, EventWeights
from app.incident_blocks import service as incident_blocks
from app.incident_blocks.service import Chosen, PackedCounts
from app.municipalities.context import MunicipalityContext

__all__ = [
    "TABLES",
    "CellCounts",
    "Edges",
    "EventTimes",
    "Events",
    "count_events",
    "count_in_cells",
    "fingerprint",
    "largest_pile",
    "polygon_of_geojson",
    "read_events",
    "read_study_area",
    "source_names",
    "told_period",
]

TABLES: dict[EventLayer, str] = {name: layer.table for name, layer in LAYERS.items()}
"""Table of the events of each layer."""
MAX_STUDY_AREA_VERTICES = 100_000
_NAMES_SHOWN = 20


@dataclass(frozen=True)
class EventTimes:
    """When events happened.

    Attributes
    ----------
    begin, end : DatetimeIndex of n moments
        Earliest and latest possible moment, with their zone; NaT where there is none.
    precision : ndarray of str, shape (n,)
        ``second, minute, hour, day, month, year`` or ``unknown``.
    """

    begin: pd.DatetimeIndex
    end: pd.DatetimeIndex
    precision: npt.NDArray[np.str_]

    def of(self, kept: npt.NDArray[np.bool_]) -> EventTimes:
        """Return the times of some of the events."""
        return EventTimes(self.begin[kept], self.end[kept], self.precision[kept])


@dataclass(frozen=True)
class CellCounts:
    """Events of a selection counted in the cells of a lattice.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_rows, n_columns)
    most_at_one : ndarray of int64, shape (n_rows, n_columns)
        No coordinate of the cell holds more events than this.
    beyond : int
        Events beyond the lattice.
    excluded, first_day, last_day
        As for `Events`.
    """

    counts: npt.NDArray[np.int64]
    most_at_one: npt.NDArray[np.int64]
    beyond: int
    excluded: dict[str, int]
    first_day: date | None
    last_day: date | None

    @property
    def n(self) -> int:
        """Events of the selection."""
        return int(self.counts.sum()) + self.beyond

    @property
    def period(self) -> str:
        """The period for a heading."""
        return told_period(self.first_day, self.last_day)


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
    times : EventTimes or None
        When they happened, if that was asked for.
    weights : ndarray of float64, shape (n,), or None
        What they count for, if that was asked for.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    excluded: dict[str, int]
    first_day: date | None
    last_day: date | None
    times: EventTimes | None = None
    weights: npt.NDArray[np.float64] | None = None

    @property
    def period(self) -> str:
        """The period for a heading, for example ``"2023-01-01 to 2024-12-31"``."""
        return told_period(self.first_day, self.last_day)


def told_period(first_day: date | None, last_day: date | None) -> str:
    """Return a period as headings tell it."""
    return f"{first_day} to {last_day}" if first_day and last_day else "time not recorded"


def read_events(
    session: Session,
    municipality: MunicipalityContext,
    selection: EventSelection,
    *,
    with_times: bool = False,
    weights: EventWeights | None = None,
    may_lack: bool = False,
) -> Events:
    """Read the events of a selection.

    Raises
    ------
    InvalidInputError
        No such category or source, no event matches and none ``may_lack``, or an event has no weight.
    """
    keys = _keys(session, municipality, selection)
    asked = (session, municipality.id, municipality.time_zone, selection, keys)
    told = repository.read_times(*asked)
    times, weight = None, None
    if weights is not None:
        by_key = _weight_keys(session, municipality, selection, weights)
        x, y, weight = repository.read_weighted(*asked, by_key, own=weights.own)
        if np.isnan(weight).any():
            raise InvalidInputError(
                f"{int(np.isnan(weight).sum()):,} of {len(x):,} events are of a category without a weight.",
                "Name every category in category_weights, choose categories, or give other_weight.",
            )
    elif with_times:
        rows = repository.read_timed(*asked)
        x, y = rows.x, rows.y
        times = EventTimes(_moments(rows.begin), _moments(rows.end), rows.precision)
    else:
        x, y = repository.read_coordinates(*asked)
    if not len(x) and not may_lack:
        raise _nothing_matches(municipality, selection)
    excluded = repository.count_left_out(*asked) | ({"no_time": told.without} if told.without else {})
    return Events(x, y, excluded, told.first, told.last, times, weight)


def count_events(session: Session, municipality: MunicipalityContext, selection: EventSelection) -> int:
    """Return how many events a selection has."""
    keys = _keys(session, municipality, selection)
    asked = (session, municipality.id, municipality.time_zone, selection, keys)
    unpacked = _unpacked(session, municipality, selection)
    if unpacked is None or not _chosen(municipality, selection, keys).is_everything:
        return repository.count_events(*asked)
    return incident_blocks.count_packed(session, municipality.id) + repository.count_events(*asked, unpacked)


def count_in_cells(
    session: Session, municipality: MunicipalityContext, selection: EventSelection, edges: Edges
) -> CellCounts:
    """Count the events of a selection in the cells between edges, without reading a coordinate.

    Raises
    ------
    InvalidInputError
        No such category or source, or no event matches.
    """
    keys = _keys(session, municipality, selection)
    asked = (session, municipality.id, municipality.time_zone, selection, keys)
    unpacked = _unpacked(session, municipality, selection)
    packed = None
    if unpacked is not None:
        chosen = _chosen(municipality, selection, keys)
        packed = incident_blocks.count_in_cells(session, municipality.id, chosen, edges.x, edges.y)
    found = repository.count_in_cells(*asked, edges, unpacked)
    has_period = selection.period_from is not None or selection.period_to is not None
    without = repository.count_without_time(*asked, unpacked) if has_period else 0
    told = _told_counts(found, edges, without)
    told = told if packed is None else _together(told, packed)
    if not told.n:
        raise _nothing_matches(municipality, selection)
    return dataclasses.replace(
        told,
        excluded=repository.count_left_out(*asked) | told.excluded,
        first_day=selection.period_from or told.first_day,
        last_day=selection.period_to or told.last_day,
    )


def _told_counts(found: CellRows, edges: Edges, without_time: int) -> CellCounts:
    """Return what was counted as arrays over the lattice."""
    counts = np.zeros((edges.y.size - 1, edges.x.size - 1), dtype=np.int64)
    in_row = (found.row >= 0) & (found.row < counts.shape[0])
    within = in_row & (found.column >= 0) & (found.column < counts.shape[1])
    most_at_one = np.zeros_like(counts)
    np.add.at(counts, (found.row[within], found.column[within]), found.events[within])
    np.maximum.at(most_at_one, (found.row[within], found.column[within]), found.events[within])
    excluded = {"no_time": without_time} if without_time else {}
    return CellCounts(counts, most_at_one, int(found.events[~within].sum()), excluded, found.first, found.last)


def _together(told: CellCounts, packed: PackedCounts) -> CellCounts:
    """Return counts with those of packed incidents."""
    without = told.excluded.get("no_time", 0) + packed.timeless
    firsts = [day for day in (told.first_day, packed.first_day) if day is not None]
    lasts = [day for day in (told.last_day, packed.last_day) if day is not None]
    return CellCounts(
        told.counts + packed.parts.sum(axis=2),
        told.most_at_one + packed.parts.max(axis=2),
        told.beyond + packed.beyond,
        {"no_time": without} if without else {},
        min(firsts, default=None),
        max(lasts, default=None),
    )


def _unpacked(session: Session, municipality: MunicipalityContext, selection: EventSelection) -> Ranges | None:
    """Return the ranges of numbers of incidents that are not packed; None where all events are to be read so."""
    return incident_blocks.unpacked_ranges(session, municipality.id) if selection.events == "incidents" else None


def _chosen(municipality: MunicipalityContext, selection: EventSelection, keys: dict[str, Any]) -> Chosen:
    sources = None if keys["source"] is None else [keys["source"]]
    return Chosen(keys["categories"], sources, selection.period_from, selection.period_to, municipality.time_zone)


def largest_pile(
    session: Session,
    municipality: MunicipalityContext,
    selection: EventSelection,
    rectangles: npt.NDArray[np.float64],
) -> int:
    """Return how many events share one coordinate at most, within half-open rectangles (left, bottom, right, top)."""
    keys = _keys(session, municipality, selection)
    return repository.largest_pile(session, municipality.id, municipality.time_zone, selection, keys, rectangles)


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
        keys["categories"] = _category_ids(session, municipality, selection, selection.categories)
    if selection.source is not None:
        known = repository.source_ids(session, municipality.id, selection.events)
        if selection.source not in known:
            raise InvalidInputError(
                f"{municipality.name} has no source {selection.source!r} of {selection.events}.",
                _known_names("Sources", known),
            )
        keys["source"] = known[selection.source]
    return keys


def _category_ids(
    session: Session, municipality: MunicipalityContext, selection: EventSelection, codes: Iterable[str]
) -> list[int]:
    known = repository.category_ids(session, municipality.id, selection.events)
    unknown = [code for code in codes if code not in known]
    if unknown:
        raise InvalidInputError(
            f"{municipality.name} has no category {', '.join(map(repr, unknown))} of {selection.events}.",
            _known_names("Categories", known),
        )
    return [known[code] for code in codes]


def _weight_keys(
    session: Session, municipality: MunicipalityContext, selection: EventSelection, weights: EventWeights
) -> dict[int, float]:
    """Return weights by the key of their category; 0 stands for every other event."""
    if weights.by_category is None:
        return {0: 1.0}
    ids = _category_ids(session, municipality, selection, weights.by_category)
    by_key = dict(zip(ids, weights.by_category.values(), strict=True))
    return by_key if weights.other is None else {**by_key, 0: weights.other}


def _nothing_matches(municipality: MunicipalityContext, selection: EventSelection) -> InvalidInputError:
    return InvalidInputError(
        f"No {selection.events} of {municipality.name} match: {_told(selection)}.",
        "Import events first, or widen categories, period or source.",
    )


def _moments(microseconds: npt.NDArray[np.int64]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(microseconds.view("datetime64[us]")).tz_localize("UTC")


def _known_names(what: str, known: dict[str, int]) -> str:
    names = list(known)[:_NAMES_SHOWN]
    more = " ..." if len(known) > len(names) else ""
    return f"{what} there are: {', '.join(names)}{more}." if names else f"{what} come with an import; none is stored."


def _told(selection: EventSelection) -> str:
    told = selection.model_dump(exclude_defaults=True, mode="json", include=set(EventSelection.model_fields))
    return ", ".join(f"{name} = {value}" for name, value in told.items()) or "none is stored"
