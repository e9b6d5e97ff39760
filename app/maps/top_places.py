"""The map of the busiest places."""

from __future__ import annotations

from typing import Literal

import geopandas as gpd
import numpy as np

from app.maps.classed import require_columns
from app.maps.context import MapContext
from app.maps.formatting import number, plain
from app.maps.furniture import (
    TABLE_ROWS,
    Column,
    Fact,
    LegendEntry,
    LegendGroup,
    Swatch,
    Table,
    table_note,
    table_rows,
)
from app.maps.layers import Style, number_layer, shape_layer, to_degrees, unlocated_note
from app.maps.page import Page, render_page, view_bounds
from app.maps.palettes import DENSITY_RAMP
from app.maps.size import require_feature_count

LABELS = 60
"""Places that carry their rank on the map, the busiest first."""
_LARGEST_RADIUS, _SMALLEST_RADIUS = 18.0, 6.0
_COLUMNS = ("rank", "place", "count", "share", "cumulative_share")
_NOTE = "The figure is the rank; zoom in where figures are left out for want of room."


def top_places_map(places: gpd.GeoDataFrame, context: MapContext) -> str:
    """Return the HTML document of the busiest places, numbered by rank; more events are drawn larger or darker.

    Parameters
    ----------
    places : GeoDataFrame
        As `analysis.places.top_places.TopPlaces.frame`: points, cells, units or segments, in any CRS.
    context : MapContext

    Returns
    -------
    str
        The document; the same input gives the same bytes.

    Raises
    ------
    InvalidInputError
        A column is missing or there is nothing to draw.
    TooLargeError
        There are more places than a document holds.
    """
    require_columns(places, _COLUMNS, "top places")
    require_feature_count(len(places), "top places", "Ask for fewer places.")
    located = to_degrees(places, "top places")
    sizes = np.sqrt(located["count"].to_numpy(dtype=float) / max(float(located["count"].max()), 1.0))
    styles = [_style(kind, float(size)) for kind, size in zip(located.geom_type, sizes, strict=True)]
    layer = shape_layer("top places", located.geometry, styles, _texts(located))
    head = located.head(LABELS)
    ranks = number_layer(head, [[str(rank) for rank in head["rank"]]])
    entry = LegendEntry(_swatch(located), _told(located), number(len(located)))
    boundary = None if context.boundary is None else to_degrees(context.boundary, "boundary")
    page = Page(
        context=context,
        under=(layer,),
        over=(ranks,),
        legend=(LegendGroup("Busiest places", (entry,), "places", _NOTE, (layer, ranks)),),
        facts=(
            Fact("events used", number(context.n_used)),
            Fact(f"in these {len(located):,} places", f"{float(located['share'].sum()):.0%}"),
        ),
        table=_table(located),
        bounds=view_bounds(located, boundary),
        notes=unlocated_note(places, "places"),
    )
    return render_page(page)


def _told(places: gpd.GeoDataFrame) -> str:
    few, many = number(places["count"].min()), number(places["count"].max())
    return f"place, {many} events" if few == many else f"place, {few} to {many} events"


def _swatch(places: gpd.GeoDataFrame) -> Swatch:
    kind = str(places.geom_type.iloc[0])
    if "Line" in kind:
        return Swatch("line", stroke=DENSITY_RAMP[3])
    shape: Literal["area", "circle"] = "area" if "Polygon" in kind else "circle"
    return Swatch(shape, fill=DENSITY_RAMP[3], stroke=DENSITY_RAMP[4], opacity=0.6)


def _style(kind: str, size: float) -> Style:
    if "Line" in kind:
        return {"color": DENSITY_RAMP[3], "weight": 3.0 + 5.0 * size, "opacity": 0.85, "fill": False}
    filled = {"color": DENSITY_RAMP[4], "weight": 1.2, "fill": True, "fillColor": DENSITY_RAMP[3]}
    if "Polygon" in kind:
        return {**filled, "fillOpacity": 0.2 + 0.6 * size}
    return {**filled, "fillOpacity": 0.6, "radius": _SMALLEST_RADIUS + (_LARGEST_RADIUS - _SMALLEST_RADIUS) * size}


def _texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    texts = {
        "Rank": [str(value) for value in frame["rank"]],
        "Place": [plain(value) for value in frame["place"]],
        "Events": [number(value) for value in frame["count"]],
        "Share": [f"{float(value):.1%}" for value in frame["share"]],
        "Share so far": [f"{float(value):.1%}" for value in frame["cumulative_share"]],
    }
    for column, label in (("first", "First"), ("last", "Last")):
        if column in frame.columns:
            texts[label] = [plain(value) for value in frame[column]]
    return texts


def _table(places: gpd.GeoDataFrame) -> Table:
    shown = places.head(TABLE_ROWS)
    texts = _texts(shown)
    columns = tuple(Column(label, numeric=label not in ("Place", "First", "Last")) for label in texts)
    return Table(
        "Busiest places", columns, table_rows(texts, shown.geometry), table_note(len(places), "places, busiest first")
    )
