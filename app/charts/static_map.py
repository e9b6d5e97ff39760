"""A map of cells, units or lixels as part of a printed page: study area, scale bar, north arrow, legend."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection, PolyCollection
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke

from analysis.projection import require_metres
from app.errors import InvalidInputError
from app.maps.classed import MapClass as DrawnClass
from app.maps.comparisons import RATIO_CLASSES
from app.maps.developments import EMERGING_CLASSES, HISTORY_CLASSES, STABILITY_CLASSES
from app.maps.fixes import EVALUATION_CLASSES, PRINCIPLE_CLASSES, RANKING_CLASSES
from app.maps.formatting import number
from app.maps.mismatch import MISMATCH_CLASSES
from app.maps.palettes import BOUNDARY, DENSITY_RAMP, GETIS_ORD_COLOURS, INK, NEUTRAL, OUTSIDE, STREET
from app.maps.quadrants import CLASSES as QUADRANT_CLASSES
from app.maps.street_lighting import LIGHTING_CLASSES

QUIET = ("#ffffff", NEUTRAL, OUTSIDE)
"""Colours of classes that say nothing: lines of them are thin and grey."""
FEW_SHAPES = 200
"""Shapes that are drawn one by one, so that none hides a smaller one."""
MANY_SHAPES = 3_000
"""Shapes above which a layer is drawn as an image in a file of lines."""
MOST_LABELS = 160


@dataclass(frozen=True)
class MapClass:
    """One class of a map.

    Attributes
    ----------
    label : str
    colour : str
    hatch : str
        So that classes as dark as another stay apart on a grey copy.
    """

    label: str
    colour: str
    hatch: str = ""


GETIS_ORD_CLASSES: dict[Any, MapClass] = {
    3: MapClass("hot spot, 99 %", GETIS_ORD_COLOURS[3]),
    2: MapClass("hot spot, 95 %", GETIS_ORD_COLOURS[2]),
    1: MapClass("hot spot, 90 %", GETIS_ORD_COLOURS[1]),
    0: MapClass("not significant", GETIS_ORD_COLOURS[0]),
    -1: MapClass("cold spot, 90 %", GETIS_ORD_COLOURS[-1], "...."),
    -2: MapClass("cold spot, 95 %", GETIS_ORD_COLOURS[-2], "...."),
    -3: MapClass("cold spot, 99 %", GETIS_ORD_COLOURS[-3], "...."),
}
CHANGE_CLASSES: dict[Any, MapClass] = {
    "increase": MapClass("increase", GETIS_ORD_COLOURS[3]),
    "decrease": MapClass("decrease", GETIS_ORD_COLOURS[-3], "...."),
    "not clear": MapClass("not clear", NEUTRAL),
    "no events": MapClass("no events", "#ffffff"),
}


def _printed(classes: Mapping[str, DrawnClass], hatched: str) -> dict[Any, MapClass]:
    """Return the classes of the maps on a screen for print, those whose key or label has a word hatched."""
    return {
        key: MapClass(drawn.label.partition(":")[0], drawn.colour, "...." if hatched in f"{key} {drawn.label}" else "")
        for key, drawn in classes.items()
    }


LOAD_CLASSES: dict[Any, MapClass] = {
    "flagged": MapClass("not as asked for", "#f4c7c3", "////"),
    "light": MapClass("clearly less work than the mean", DENSITY_RAMP[0]),
    "even": MapClass("about the mean work", DENSITY_RAMP[1]),
    "heavy": MapClass("clearly more work than the mean", DENSITY_RAMP[3]),
}
CLASSES: dict[str, dict[Any, MapClass]] = {
    "gi_bin": GETIS_ORD_CLASSES,
    "change": CHANGE_CLASSES,
    "category": _printed(EMERGING_CLASSES, "cold"),
    "history": _printed(HISTORY_CLASSES, "former"),
    "stability": _printed(STABILITY_CLASSES, "cold"),
    "comparison": _printed(RATIO_CLASSES, "half"),
    "quadrant": _printed(QUADRANT_CLASSES, "Low"),
    "lighting": _printed(LIGHTING_CLASSES, "unknown"),
    "principle": _printed(PRINCIPLE_CLASSES, "safety"),
    "choice": _printed(RANKING_CLASSES, "Not"),
    "role": _printed(EVALUATION_CLASSES, "control"),
    "clear_class": _printed(MISMATCH_CLASSES, "concern"),
    "load": LOAD_CLASSES,
}
"""Classes of columns that hold them; any other column is a number."""


def draw_map(
    axes: Axes,
    frame: gpd.GeoDataFrame,
    column: str,
    *,
    unit: str = "",
    study_area: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    streets: gpd.GeoDataFrame | gpd.GeoSeries | None = None,
    labels: str | None = None,
) -> None:
    """Draw a result on axes.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
    frame : GeoDataFrame
        Polygons, lines or points in metres.
    column : str
        One of `CLASSES`, or numbers of zero or more, drawn in five classes of equal width.
    unit : str
        Of numbers, for the legend.
    study_area, streets : GeoDataFrame or GeoSeries, optional
        In any CRS.
    labels : str, optional
        Column whose text stands on the shapes, which then have clear borders.

    Raises
    ------
    InvalidInputError
        There is nothing to draw, or no such column.
    CoordinateError
        The frame is not in metres.
    """
    require_metres(frame.crs)
    if len(frame) == 0 or column not in frame.columns:
        raise InvalidInputError(f"There is no column {column!r} to draw.", f"There are: {', '.join(frame.columns)}.")
    class_of, classes = _classified(frame[column], unit)
    shapes = visible_shapes(frame.geometry.to_numpy())
    for chosen, place in _in_order_of_drawing(shapes, class_of, len(classes)):
        axes.add_collection(_collection(chosen, classes[place], many=len(frame) > MANY_SHAPES), autolim=False)
    if streets is not None:
        lines = shapely.get_parts(streets.to_crs(frame.crs).geometry.to_numpy())
        axes.add_collection(_lines(lines, STREET, 0.4), autolim=False)
    if labels is not None:
        _label(axes, frame, labels)
    bounds = frame.total_bounds
    if study_area is not None:
        outline = study_area.to_crs(frame.crs).geometry
        rings = shapely.get_parts(shapely.boundary(outline.to_numpy()))
        axes.add_collection(_lines(rings, BOUNDARY, 1.4), autolim=False)
        bounds = np.r_[
            np.minimum(bounds[:2], outline.total_bounds[:2]), np.maximum(bounds[2:], outline.total_bounds[2:])
        ]
    frame_view(axes, bounds)
    scale_and_north(axes)
    handles = [
        Patch(facecolor=c.colour, edgecolor=BOUNDARY, linewidth=0.4, hatch=c.hatch, label=c.label) for c in classes
    ]
    axes.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=3, fontsize=8, frameon=False,
        title=unit or None, title_fontsize=8.5, labelcolor=INK,
    )  # fmt: skip


def _in_order_of_drawing(shapes: np.ndarray, class_of: np.ndarray, classes: int) -> list[tuple[np.ndarray, int]]:
    """Return shapes with the place of their class: few one by one, the largest below; many class by class."""
    if len(shapes) > FEW_SHAPES:
        each = [(shapes[class_of == place], place) for place in range(classes)]
        return [(chosen, place) for chosen, place in each if chosen.size]
    order = np.argsort(-shapely.area(shapes), kind="stable")
    return [(shapes[[index]], int(class_of[index])) for index in order]


def visible_shapes(shapes: np.ndarray) -> np.ndarray:
    """Return shapes that can be seen: points, and lines among areas, become discs and strips.

    Parameters
    ----------
    shapes : ndarray of shapely geometries, shape (n,)
        Metres.

    Returns
    -------
    ndarray of shapely geometries, shape (n,)
    """
    dimensions = shapely.get_dimensions(shapes)
    if (dimensions == dimensions.max(initial=0)).all() and dimensions.max(initial=0) > 0:
        return shapes
    west, south, east, north = shapely.total_bounds(shapes)
    radius = max(0.01 * max(east - west, north - south), 10.0)
    return np.where(dimensions < 2, shapely.buffer(shapes, radius, quad_segs=6), shapes)


def _classified(values: pd.Series, unit: str) -> tuple[np.ndarray, list[MapClass]]:
    """Return the place of each value among the classes, and those."""
    name = str(values.name)
    if name in CLASSES:
        known = [key for key in CLASSES[name] if (values == key).any()]
        class_of = np.full(len(values), len(known))
        for place, key in enumerate(known):
            class_of[(values == key).to_numpy(dtype=bool, na_value=False)] = place
        classes = [
            MapClass(f"{CLASSES[name][key].label} ({int((class_of == place).sum()):,})",
                     CLASSES[name][key].colour, CLASSES[name][key].hatch)
            for place, key in enumerate(known)
        ]  # fmt: skip
        missing = int((class_of == len(known)).sum())
        return class_of, [*classes, *([MapClass(f"no statistic ({missing:,})", OUTSIDE, "//")] if missing else [])]
    numbers = values.to_numpy(dtype=float, na_value=0.0)
    edges = np.linspace(0.0, max(float(numbers.max()), 1e-12), len(DENSITY_RAMP) + 1)
    class_of = np.where(numbers > 0, np.clip(np.searchsorted(edges, numbers, side="left"), 1, len(DENSITY_RAMP)), 0)
    labels = [f"{number(low)} to {number(high)}" for low, high in pairwise(edges)]
    labels[0] = f"up to {number(edges[1])}"
    ramp = [MapClass(label, colour) for label, colour in zip(labels, DENSITY_RAMP, strict=True)]
    return class_of, [MapClass("none" if unit else "0", "#ffffff"), *ramp]


def _collection(shapes: np.ndarray, drawn: MapClass, *, many: bool) -> Collection:
    """Return shapes of one class, ready to draw."""
    if shapely.get_dimensions(shapes[0]) == 1:
        return (
            _lines(shapely.get_parts(shapes), drawn.colour, 2.6)
            if drawn.colour not in QUIET
            else _lines(shapely.get_parts(shapes), STREET, 0.8)
        )
    parts = shapely.get_parts(shapes)
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_exterior_ring(parts)]
    edge = "#9aa5af" if drawn.hatch else drawn.colour if many else "#e1e5e8"
    return PolyCollection(
        rings, facecolors=drawn.colour, edgecolors=edge, linewidths=0.2, hatch=drawn.hatch or None, rasterized=many
    )


def _label(axes: Axes, frame: gpd.GeoDataFrame, column: str) -> None:
    """Draw clear borders around shapes, and a text on each while there are few enough to be read."""
    shapes = frame.geometry.to_numpy()
    axes.add_collection(_lines(shapely.get_parts(shapely.boundary(shapes)), BOUNDARY, 0.8), autolim=False)
    if len(frame) > MOST_LABELS:
        return
    size = 9.0 if len(frame) <= MOST_LABELS // 4 else 6.0
    for place, told in zip(shapely.point_on_surface(shapes), frame[column].astype(str), strict=True):
        axes.text(
            place.x, place.y, told, ha="center", va="center", fontsize=size, color=INK,
            path_effects=[withStroke(linewidth=2.2, foreground="white")], clip_on=True,
        )  # fmt: skip


def _lines(lines: np.ndarray, colour: str, width: float) -> LineCollection:
    """Return lines, ready to draw."""
    paths = [shapely.get_coordinates(line) for line in lines]
    return LineCollection(paths, colors=colour, linewidths=width, rasterized=len(paths) > MANY_SHAPES)


def frame_view(axes: Axes, bounds: np.ndarray) -> None:
    """Show the bounds with a margin, without ticks, in true proportion."""
    left, bottom, right, top = bounds
    margin = 0.03 * max(right - left, top - bottom)
    axes.set(xlim=(left - margin, right + margin), ylim=(bottom - margin, top + margin), aspect="equal")
    axes.set(xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_color(BOUNDARY)
        spine.set_linewidth(0.6)


def scale_and_north(axes: Axes) -> None:
    """Draw a scale bar of a round length and an arrow to grid north, on white."""
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    wide, high = right - left, top - bottom
    length = round_length(0.22 * wide)
    x, y = left + 0.04 * wide, bottom + 0.04 * high
    ground = Rectangle((x - 0.02 * wide, y - 0.025 * high), length + 0.04 * wide, 0.09 * high)
    ground.set(facecolor="white", alpha=0.85, zorder=4, linewidth=0)
    axes.add_patch(ground)
    for part, colour in ((0.0, INK), (0.5, "white")):
        bar = Rectangle((x + part * length, y), 0.5 * length, 0.012 * high)
        bar.set(facecolor=colour, edgecolor=INK, linewidth=0.8, zorder=5)
        axes.add_patch(bar)
    told = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.text(x + 0.5 * length, y + 0.02 * high, told, ha="center", va="bottom", fontsize=8, color=INK, zorder=5)
    axes.annotate(
        "N", (0.955, 0.97), (0.955, 0.885), xycoords="axes fraction", ha="center", va="center", fontsize=10,
        fontweight="bold", color=INK, arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.2},
        bbox={"boxstyle": "square,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}, zorder=5,
    )  # fmt: skip


def round_length(metres: float) -> float:
    """Return the longest round length, 1, 2 or 5 times a power of ten, that is not above another.

    Parameters
    ----------
    metres : float

    Returns
    -------
    float

    Examples
    --------
    >>> round_length(730.0), round_length(2100.0)
    (500.0, 2000.0)
    """
    power = 10.0 ** math.floor(math.log10(metres))
    return max(step * power for step in (1.0, 2.0, 5.0) if step * power <= metres)
