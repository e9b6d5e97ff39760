"""Areas to compare with: the buffer around a treated area, and controls matched on their history."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from analysis.errors import EmptyInputError, GeometryError, ParameterError
from analysis.evaluation.guards import Guard
from analysis.projection import BoolArray, crs_name, require_metres
from analysis.summary import Notice, Summary

CHANCE_DISTANCE = math.sqrt(0.5)
"""Root mean square difference of square roots of Poisson counts of equal level: each has variance 1/4."""

SMALLEST_OVERLAP_M2 = 1.0


@dataclass(frozen=True)
class SuggestedControls:
    """Areas to compare a treated area with.

    Attributes
    ----------
    frame : GeoDataFrame
        ``rank, area`` (position in the input), ``events, monthly_mean, history_distance, geometry``, best first. A
        `history_distance` of 0.71 is what two areas of equal level differ by through chance.
    summary : Summary
    """

    frame: gpd.GeoDataFrame
    summary: Summary


def displacement_buffer(
    treated: shapely.Geometry, width_m: float, *, crs: Any, keep_clear: npt.ArrayLike = ()
) -> shapely.Geometry:
    """Return the ring around a treated area that crime may have moved to.

    Parameters
    ----------
    treated : shapely.Geometry
        Metres in `crs`; a point or line is a treated area of no width.
    width_m : float
        Width of the ring, metres, above zero; 100 to 300 is usual.
    crs : Any
        Projected, metres.
    keep_clear : array_like of shapely.Geometry
        Controls, their buffers and areas of other fixes; they are cut out.

    Returns
    -------
    shapely.Geometry
        Polygon or MultiPolygon without the treated area.

    Raises
    ------
    CoordinateError
        `crs` is not in metres.
    ParameterError
        A width that is not above zero.
    GeometryError
        No treated area, or nothing is left of the ring.

    Examples
    --------
    >>> ring = displacement_buffer(shapely.box(0, 0, 100, 100), 50, crs="EPSG:32634")
    >>> round(ring.area), ring.intersects(shapely.Point(50, 50))
    (27841, False)
    """
    require_metres(crs)
    if not (math.isfinite(width_m) and width_m > 0):
        raise ParameterError(f"The width of the buffer is {width_m}.", "Give metres above zero, for example 200.")
    if treated is None or treated.is_empty:
        raise GeometryError("The treated area is empty.", "Give the area of the fix.")
    ring = shapely.difference(treated.buffer(width_m), treated)
    others = [shape for shape in np.atleast_1d(np.asarray(keep_clear, dtype=object)) if shape is not None]
    if others:
        ring = shapely.difference(ring, shapely.union_all(others))
    if ring.area < SMALLEST_OVERLAP_M2:
        raise GeometryError("Nothing is left of the buffer.", "Other areas cover it: choose a wider one.")
    return ring


def overlap_guard(areas: Mapping[str, shapely.Geometry]) -> Guard:
    """Check that the areas of an evaluation do not overlap.

    Parameters
    ----------
    areas : mapping of str to shapely.Geometry
        By name: treated, control, buffers, other fixes; metres.

    Returns
    -------
    Guard
        ``overlapping_areas``: refused where two share more than a square metre.

    Examples
    --------
    >>> overlap_guard({"treated": shapely.box(0, 0, 9, 9), "control": shapely.box(5, 5, 20, 20)}).outcome
    'refused'
    """
    names = list(areas)
    pairs = [
        f"{first} and {second} ({area:,.0f} m2)"
        for i, first in enumerate(names)
        for second in names[i + 1 :]
        if (area := float(shapely.intersection(areas[first], areas[second]).area)) > SMALLEST_OVERLAP_M2
    ]
    code = "overlapping_areas"
    if pairs:
        message = f"Areas overlap, so that an event counts on both sides: {'; '.join(pairs)}. Draw them apart."
        return Guard(code, "refused", message)
    return Guard(code, "passed", "Treated area, control, buffers and other fixes do not overlap.")


def suggest_controls(
    areas: gpd.GeoSeries,
    history: npt.ArrayLike,
    treated: int,
    *,
    buffer_m: float = 200.0,
    number: int = 5,
    occupied: npt.ArrayLike = (),
) -> SuggestedControls:
    """Suggest control areas whose history before the fix is like that of the treated area.

    Parameters
    ----------
    areas : GeoSeries, length n
        Candidate areas and the treated one, projected, metres.
    history : array_like of int, shape (n, n_months)
        Events by month before the fix; the period after must not be looked at.
    treated : int
        Position of the treated area.
    buffer_m : float
        Displacement buffer, metres: no control lies within it, and controls lie twice as far from each other's area so
        that their own buffers stay apart.
    number : int
        How many to suggest at most.
    occupied : array_like of shapely.Geometry
        Areas of other fixes; controls do not touch them.

    Returns
    -------
    SuggestedControls

    Raises
    ------
    CoordinateError
        The areas are not in metres.
    ParameterError
        A history of another shape, or an impossible position, number or buffer.
    EmptyInputError
        No area is left that could be a control.

    Notes
    -----
    Distance of two histories: root mean square, over months, of the difference of the square roots of counts, which
    weighs chance alike at every level. The closest candidates are taken one by one, each apart from those before.
    A long history keeps the match from being one of two peaks.

    References
    ----------
    Bowers, K. J. et al. (2011). Spatial displacement and diffusion of benefits among geographically focused policing
    initiatives. Journal of Experimental Criminology 7.

    Examples
    --------
    >>> areas = gpd.GeoSeries([shapely.box(i * 900, 0, i * 900 + 300, 300) for i in range(4)], crs="EPSG:32634")
    >>> found = suggest_controls(areas, [[4, 5], [40, 50], [4, 6], [0, 1]], 0, number=2)
    >>> found.frame["area"].tolist()
    [2, 3]
    """
    metric = require_metres(areas.crs)
    counts = _checked_history(history, len(areas), treated, number, buffer_m)
    shapes = areas.to_numpy()
    free = _free(shapes, treated, buffer_m, occupied)
    if not free.any():
        raise EmptyInputError("No area is left that could be a control.", "Use a smaller buffer or more areas.")
    roots = np.sqrt(counts)
    distance = np.sqrt(((roots - roots[treated]) ** 2).mean(axis=1))
    taken = _closest_apart(shapes, distance, free, buffer_m, number)
    frame = gpd.GeoDataFrame(
        {
            "rank": np.arange(1, len(taken) + 1),
            "area": taken,
            "events": counts[taken].sum(axis=1),
            "monthly_mean": counts[taken].mean(axis=1),
            "history_distance": distance[taken],
        },
        geometry=shapes[taken],
        crs=metric,
    )
    plan = {"treated": treated, "months": counts.shape[1], "buffer_m": buffer_m, "number": number}
    return SuggestedControls(frame, _summary(frame, areas, counts, free, plan))


def _checked_history(history: npt.ArrayLike, n: int, treated: int, number: int, buffer_m: float) -> Any:
    """Return the history after checking everything that is asked."""
    counts = np.asarray(history, dtype=np.float64)
    if counts.ndim != 2 or counts.shape[0] != n or counts.shape[1] == 0:
        raise ParameterError(f"The history of {n} areas has shape {counts.shape}.", "Give a row an area.")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise ParameterError("A monthly count is negative or missing.", "Give 0 for a month without any.")
    if not (0 <= treated < n and number >= 1 and math.isfinite(buffer_m) and buffer_m >= 0):
        raise ParameterError(
            f"Treated area {treated}, number {number}, buffer {buffer_m} m.",
            "Give a position among the areas, at least one control and a buffer of zero or more.",
        )
    return counts


def _free(shapes: npt.NDArray[np.object_], treated: int, buffer_m: float, occupied: npt.ArrayLike) -> BoolArray:
    """Tell which areas lie apart from the treated one, its buffer and other fixes."""
    free: BoolArray = shapely.distance(shapes, shapes[treated]) > 2.0 * buffer_m
    others = [shape for shape in np.atleast_1d(np.asarray(occupied, dtype=object)) if shape is not None]
    if others:
        free &= ~shapely.intersects(shapes, shapely.union_all(others))
    free[treated] = False
    return free


def _closest_apart(
    shapes: npt.NDArray[np.object_], distance: npt.NDArray[np.float64], free: BoolArray, buffer_m: float, number: int
) -> list[int]:
    """Take the free areas with the closest histories one by one, each two buffers from those before."""
    taken: list[int] = []
    for area in np.argsort(distance, kind="stable"):
        apart = not taken or float(shapely.distance(shapes[area], shapes[taken]).min()) > 2.0 * buffer_m
        if free[area] and apart and len(taken) < number:
            taken.append(int(area))
    return taken


def _summary(
    frame: gpd.GeoDataFrame, areas: gpd.GeoSeries, counts: Any, free: BoolArray, plan: dict[str, Any]
) -> Summary:
    """Describe how controls were suggested."""
    return Summary(
        method="Control areas matched on history",
        parameters=plan,
        n_used=int(free.sum()),
        excluded={"too_close_or_occupied": int((~free).sum()) - 1},
        crs=crs_name(require_metres(areas.crs)),
        study_area_km2=float(areas.area.sum()) / 1e6,
        reading=_reading(frame, counts.shape[1], int(free.sum())),
        warnings=_notices(frame, counts, plan["treated"]),
    )


def _reading(frame: gpd.GeoDataFrame, months: int, free: int) -> str:
    """Say in plain language what is suggested."""
    distance = frame["history_distance"]
    return (
        f"Of {free:,} areas that lie apart, the {len(frame)} whose {months} months before the fix were most like those "
        f"of the treated area; their histories differ by {distance.iloc[0]:.2f} to {distance.iloc[-1]:.2f} where "
        f"chance alone gives {CHANCE_DISTANCE:.2f}. Look at them on the map: likeness in counts is not likeness in use."
    )


def _notices(frame: gpd.GeoDataFrame, counts: Any, treated: int) -> tuple[Notice, ...]:
    """Warn of matches that are none."""
    notices = []
    if frame["history_distance"].iloc[0] > 2.0 * CHANCE_DISTANCE:
        message = "Even the closest area had another history: compare with the sum of several, or with the whole town."
        notices.append(Notice("poor_match", message))
    if counts[treated].sum() < counts.shape[1]:
        message = "The treated area had less than one event a month: by history many areas are alike."
        notices.append(Notice("few_events", message))
    return tuple(notices)
