"""The map of lighting and fixes over hot spots and danger zones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd

from app.maps.context import MapContext
from app.maps.formatting import NOTHING, is_missing, number, plain, words
from app.maps.furniture import (
    TABLE_ROWS,
    Column,
    Fact,
    LegendEntry,
    LegendGroup,
    Row,
    Swatch,
    Table,
    table_note,
    table_rows,
)
from app.maps.hot_spots import hot_spot_layer
from app.maps.layers import Shape, Style, shape_layer, to_degrees, unlocated_note
from app.maps.page import Page, render_page, view_bounds
from app.maps.palettes import FIX_STATUS_COLOURS, INK, LIGHT_STATE_COLOURS, ZONE_GROUP_COLOURS
from app.maps.size import require_feature_count
from app.maps.street_lighting import LIGHTING_CLASSES
from app.maps.thinning import thinned_points

MAX_LIGHTS = 7_000
"""Lights drawn one by one; above that they are grouped."""

_WHITE = "#ffffff"
"""Fill of what is only proposed; its lines and areas are dashed instead."""
_SHAPES_NOTE = "Lines and areas in the same colours."
_ZONE_GROUPS = {
    "received": "open",
    "in_moderation": "open",
    "open": "open",
    "not_confirmed": "open",
    "reopened": "open",
    "in_plan": "in_work",
    "fix_under_way": "in_work",
    "passed_on": "in_work",
    "fixed": "done",
    "confirmed": "done",
    "rejected": "closed",
    "duplicate": "closed",
}
_LIGHT_STATES = {"lit": "lit", "on": "lit", "working": "lit", "out": "out", "unlit": "out", "off": "out"}


@dataclass(frozen=True)
class _Kind:
    """How one kind of feature is drawn and written about."""

    title: str
    singular: str
    shape: Shape
    radius: float
    colours: dict[str, str]
    labels: dict[str, str]
    texts: dict[str, str] = field(default_factory=dict)
    """Column to tooltip label."""
    stroke: str = INK
    fact: str = ""
    """State that the key figure counts."""
    emphasis: dict[str, float] = field(default_factory=dict)
    """Radius of a state relative to the others."""


_ZONES = _Kind(
    "Danger zones",
    "Danger zone",
    "diamond",
    6.5,
    ZONE_GROUP_COLOURS,
    {"open": "open", "in_work": "in plan or under way", "done": "fixed", "closed": "rejected or duplicate"},
    {
        "category": "Category",
        "status": "Status",
        "reporters": "Reporters",
        "reported_by": "Named by",
        "day_part": "Time of day",
        "reported_at": "Reported",
        "description": "Description",
    },
    "#ffffff",
    "open",
)
_LIGHTS = _Kind(
    "Street lights",
    "Street light",
    "circle",
    2.6,
    LIGHT_STATE_COLOURS,
    {"lit": "lit", "out": "out of order", "unknown": "state unknown"},
    {"light_state": "State", "lamp_type": "Lamp", "owner": "Owner", "out_from": "Out since"},
    "none",
    "out",
    {"lit": 0.7, "out": 1.6},
)
_FIXES = _Kind(
    "Fixes",
    "Fix",
    "square",
    5.5,
    FIX_STATUS_COLOURS,
    {"proposed": "proposed", "planned": "planned", "under_way": "under way", "done": "done", "dropped": "dropped"},
    {
        "title": "Fix",
        "kind": "Kind",
        "status": "Status",
        "owner": "Owner",
        "cost": "Cost",
        "started_on": "Started",
        "ended_on": "Ended",
    },
    "#0b2c4f",
    "done",
)


def lighting_map(
    hot_spots: gpd.GeoDataFrame | None,
    context: MapContext,
    *,
    danger_zones: gpd.GeoDataFrame | None = None,
    lights: gpd.GeoDataFrame | None = None,
    fixes: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
) -> str:
    """Return the HTML document of lighting and fixes over hot spots and danger zones.

    Parameters
    ----------
    hot_spots : GeoDataFrame or None
        A Gi* result as for :func:`app.maps.hot_spots.hot_spot_map`.
    context : MapContext
        Title, period, method, source and the like.
    danger_zones : GeoDataFrame, optional
        Points, lines or polygons with ``status`` and, where known, ``category``, ``reporters``, ``reported_by``,
        ``day_part``, ``reported_at``, ``description``.
    lights : GeoDataFrame, optional
        Points with ``light_state``: lit, out or unknown (also true, false and null); anything else counts as unknown.
    fixes : GeoDataFrame, optional
        Points, lines or polygons with ``status`` and, where known, ``title``, ``kind``, ``owner``, ``cost``,
        ``started_on``, ``ended_on``.
    streets : GeoDataFrame, optional
        Segments with ``lighting``: those that are unlit or unknown are drawn under everything else.

    Returns
    -------
    str
        The document; the same input gives the same bytes.

    Raises
    ------
    InvalidInputError
        Where there is nothing to draw.
    TooLargeError
        Where there are more danger zones or fixes than a document holds.
    """
    below = hot_spot_layer(hot_spots, opacity=0.6) if hot_spots is not None and len(hot_spots) else None
    shown = [
        _drawn(_LIGHTS, lights, _light_states),
        _drawn(_ZONES, danger_zones, _zone_groups),
        _drawn(_FIXES, fixes, _fix_states),
    ]
    groups = [part.legend for part in (shown[1], shown[2], shown[0])]
    dark = _dark_streets(streets)
    page = Page(
        context=context,
        under=(*(below.layers if below else ()), *dark.layers),
        over=tuple(layer for part in shown for layer in part.layers),
        legend=tuple(groups) + ((dark,) if dark.entries else ()) + ((below.legend,) if below else ()),
        facts=tuple(part.fact for part in (shown[1], shown[0], shown[2])),
        table=_table(shown[1], shown[2]),
        bounds=view_bounds(*(part.frame for part in shown), below.cells if below else None),
        notes=tuple(note for part in shown for note in part.notes) + (below.notes if below else ()),
    )
    return render_page(page)


@dataclass(frozen=True)
class _Shown:
    """One kind of feature, drawn."""

    kind: _Kind
    frame: gpd.GeoDataFrame | None
    layers: tuple[folium.GeoJson, ...]
    legend: LegendGroup
    fact: Fact
    notes: tuple[str, ...] = ()


def _dark_streets(streets: gpd.GeoDataFrame | None) -> LegendGroup:
    """Return the streets that are unlit or unknown as a legend with its layer; empty where there is none."""
    title = "Streets without light"
    if streets is None or not (streets["lighting"] != "lit").any():
        return LegendGroup(title)
    drawn = to_degrees(streets[streets["lighting"] != "lit"], title)
    classes = {name: one for name, one in LIGHTING_CLASSES.items() if not one.quiet}
    styles: list[Style] = [
        {"color": classes[name].colour, "weight": 4, "opacity": 0.75, "fill": False} for name in drawn["lighting"]
    ]
    texts = {"Street": [classes[name].label for name in drawn["lighting"]]}
    texts |= {"Name": [plain(value) for value in drawn["name"]]} if "name" in drawn.columns else {}
    layer = shape_layer(title, drawn.geometry, styles, texts)
    counts = drawn["lighting"].value_counts()
    entries = tuple(
        LegendEntry(Swatch("line", stroke=one.colour), one.label, number(counts.get(name, 0)))
        for name, one in classes.items()
    )
    return LegendGroup(title, entries, "segments", layers=(layer,))


def _drawn(kind: _Kind, frame: gpd.GeoDataFrame | None, state_of: Callable[[gpd.GeoDataFrame], list[str]]) -> _Shown:
    name = kind.title.lower()
    if frame is None or not len(frame):
        return _Shown(kind, None, (), LegendGroup(kind.title, note="None recorded."), Fact(name, "0"))
    degrees = to_degrees(frame, name)
    degrees["state"] = state_of(degrees)
    counts = degrees["state"].value_counts()
    placed, note = degrees.assign(n=1), ""
    if kind is _LIGHTS:
        placed, note = thinned_points(degrees, "state", MAX_LIGHTS)
    require_feature_count(len(placed), name, "Ask for a smaller area (bbox) or a shorter period.")
    ordered = placed.assign(rank=placed["state"].map(list(kind.colours).index)).sort_values(
        "rank", kind="stable", ascending=kind is _LIGHTS
    )
    layer = shape_layer(name, ordered.geometry, _styles(kind, ordered), _texts(kind, ordered), shape=kind.shape)
    entries = tuple(
        LegendEntry(
            Swatch(kind.shape, fill=colour, stroke=kind.stroke), kind.labels[state], number(counts.get(state, 0))
        )
        for state, colour in kind.colours.items()
    )
    shapes = not degrees.geom_type.str.contains("Point").all()
    legend = LegendGroup(kind.title, entries, note=_SHAPES_NOTE if shapes else "", layers=(layer,))
    fact = Fact(f"{name} {kind.labels[kind.fact]}", f"{number(counts.get(kind.fact, 0))} of {number(len(degrees))}")
    notes = (*((note,) if note else ()), *unlocated_note(frame, name))
    return _Shown(kind, degrees, (layer,), legend, fact, notes)


def _styles(kind: _Kind, frame: gpd.GeoDataFrame) -> list[Style]:
    outlined = kind.stroke != "none"
    point = {"stroke": outlined, "color": kind.stroke, "weight": 1.2, "fill": True, "fillOpacity": 0.95}
    styles: list[Style] = []
    for geometry_type, state, n in zip(frame.geom_type, frame["state"], frame["n"], strict=True):
        colour = kind.colours[state]
        shape_colour, dashes = (colour, None) if colour != _WHITE else (kind.stroke, "6 5")
        if "Point" in geometry_type:
            radius = kind.radius * kind.emphasis.get(state, 1.0) + min(1.2 * (n**0.5 - 1), 9.0)
            styles.append({**point, "radius": radius, "fillColor": colour})
        elif "Line" in geometry_type:
            styles.append({"color": shape_colour, "weight": 5, "opacity": 0.9, "fill": False, "dashArray": dashes})
        else:
            styles.append(
                {
                    "color": shape_colour,
                    "weight": 2.5,
                    "fill": True,
                    "fillColor": colour,
                    "fillOpacity": 0.3,
                    "dashArray": dashes,
                }
            )
    return styles


def _texts(kind: _Kind, frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    texts = {kind.title: [kind.labels[state] for state in frame["state"]]}
    for column, label in kind.texts.items():
        if column in frame.columns:
            texts[label] = [words(plain(value)) if column == "status" else plain(value) for value in frame[column]]
    if (frame["n"] > 1).any():
        texts["Number"] = [number(value) for value in frame["n"]]
    return texts


def _light_states(frame: gpd.GeoDataFrame) -> list[str]:
    if "light_state" not in frame.columns:
        return ["unknown"] * len(frame)
    return [_light_state(value) for value in frame["light_state"]]


def _light_state(value: Any) -> str:
    if is_missing(value):
        return "unknown"
    if isinstance(value, bool | np.bool_):
        return "lit" if value else "out"
    return _LIGHT_STATES.get(str(value).lower(), "unknown")


def _zone_groups(frame: gpd.GeoDataFrame) -> list[str]:
    if "status" not in frame.columns:
        return ["open"] * len(frame)
    return [_ZONE_GROUPS.get(str(value), "open") for value in frame["status"]]


def _fix_states(frame: gpd.GeoDataFrame) -> list[str]:
    if "status" not in frame.columns:
        return ["proposed"] * len(frame)
    return [str(value) if value in FIX_STATUS_COLOURS else "proposed" for value in frame["status"]]


def _table(*parts: _Shown) -> Table:
    """Return danger zones and fixes as one table; single lamps are left to the map and its counts."""
    frames = [_table_part(part.kind, part.frame) for part in parts if part.frame is not None]
    labels = ("Layer", "What", "Status", "Reporters")
    rows: tuple[Row, ...] = ()
    total = sum(len(frame) for frame in frames)
    if total:
        together = pd.concat(frames, ignore_index=True).head(TABLE_ROWS)
        rows = table_rows({label: together[label].tolist() for label in labels}, together.geometry)
    columns = tuple(Column(label, numeric=label == "Reporters") for label in labels)
    return Table("Danger zones and fixes", columns, rows, table_note(total, "danger zones and fixes"))


def _table_part(kind: _Kind, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    name = next((column for column in ("title", "category") if column in frame.columns), None)
    status = frame["status"].map(lambda value: words(plain(value))) if "status" in frame.columns else NOTHING
    return gpd.GeoDataFrame(
        {
            "Layer": kind.singular,
            "What": frame[name].map(plain) if name else NOTHING,
            "Status": status,
            "Reporters": frame["reporters"].map(plain) if "reporters" in frame.columns else NOTHING,
        },
        geometry=frame.geometry,
    )
