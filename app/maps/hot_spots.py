"""The map of Getis-Ord Gi* hot and cold spots."""

from __future__ import annotations

from dataclasses import dataclass

import folium
import geopandas as gpd
import numpy as np
import pandas as pd

from analysis.wording import counted
from app.errors import InvalidInputError
from app.maps.context import MapContext
from app.maps.formatting import number, probability, signed
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
from app.maps.layers import Style, are_lines, shape_layer, to_degrees, unlocated_note
from app.maps.merging import merged_by_class
from app.maps.page import Page, render_page, view_bounds
from app.maps.palettes import GETIS_ORD_COLOURS
from app.maps.size import MAX_FEATURES, require_feature_count

_CLASSES = {
    3: "Hot spot, 99 % confidence",
    2: "Hot spot, 95 %",
    1: "Hot spot, 90 %",
    0: "Not significant",
    -1: "Cold spot, 90 %",
    -2: "Cold spot, 95 %",
    -3: "Cold spot, 99 % confidence",
}
_LINE_COLOURS = {**GETIS_ORD_COLOURS, 0: "#aab3bb", 1: "#f4b393", -1: "#9cc7e0"}
"""Thin lines on white ask for more colour than areas do."""
_NO_STATISTIC = "No statistic"
_COLUMNS = ("count", "gi_z", "p_value", "q_value", "gi_bin")
_SMALLER = "Choose larger cells or a smaller study area for the map."


@dataclass(frozen=True)
class HotSpotLayer:
    """The drawn cells of a Gi* result with everything that belongs to them.

    Attributes
    ----------
    layers : tuple of folium layers
        In drawing order.
    legend : LegendGroup
        Seven classes with their number of cells, and null cells where there are any.
    cells : GeoDataFrame
        The result in EPSG:4326.
    notes : tuple of str
        How the drawing differs from the result.
    """

    layers: tuple[folium.GeoJson, ...]
    legend: LegendGroup
    cells: gpd.GeoDataFrame
    notes: tuple[str, ...]


def hot_spot_map(frame: gpd.GeoDataFrame, context: MapContext) -> str:
    """Return the HTML document of a Gi* result.

    Parameters
    ----------
    frame : GeoDataFrame
        Cells, areal units or street segments in any CRS with ``count``, ``gi_z``, ``p_value``, ``q_value`` and
        ``gi_bin`` (-3 to 3); those without a statistic hold nulls.
    context : MapContext
        Title, period, method, source and the like.

    Returns
    -------
    str
        The document; the same input gives the same bytes.

    Raises
    ------
    InvalidInputError
        Where a column is missing or there is nothing to draw.
    TooLargeError
        Where more significant cells remain than a document holds.
    """
    drawn = hot_spot_layer(frame)
    cells = drawn.cells
    bins = cells["gi_bin"]
    thing = _thing(cells)
    facts = (
        Fact("events used", number(context.n_used)),
        Fact(f"hot {thing}s", number((bins > 0).sum())),
        Fact(f"cold {thing}s", number((bins < 0).sum())),
    )
    page = Page(
        context=context,
        under=drawn.layers,
        over=(),
        legend=(drawn.legend,),
        facts=facts,
        table=_table(cells),
        bounds=view_bounds(cells),
        notes=drawn.notes,
    )
    return render_page(page)


def hot_spot_layer(frame: gpd.GeoDataFrame, opacity: float = 0.85) -> HotSpotLayer:
    """Return the drawn cells of a Gi* result, for use on any map.

    Parameters
    ----------
    frame : GeoDataFrame
        As for :func:`hot_spot_map`.
    opacity : float
        Of the significant cells.
    """
    missing = [column for column in _COLUMNS if column not in frame.columns]
    if missing:
        raise InvalidInputError(
            f"The hot-spot layer lacks the column(s) {', '.join(missing)}.", "Draw the result of a hot-spot run."
        )
    figures = frame.assign(**{column: pd.to_numeric(frame[column]).astype(float) for column in _COLUMNS})
    cells = to_degrees(figures, "hot spots")
    drawn, notes = _drawn_cells(figures, cells)
    layers: tuple[folium.GeoJson, ...] = ()
    if len(drawn):
        lines = are_lines(drawn)
        styles = [_line_style(value) if lines else _cell_style(value, opacity, len(drawn)) for value in drawn["gi_bin"]]
        layers = (shape_layer("hot spots", drawn.geometry, styles, _texts(drawn)),)
    unlocated = unlocated_note(frame, f"{_thing(cells)}s")
    return HotSpotLayer(layers, _legend(cells, layers, opacity), cells, (*notes, *unlocated))


def _drawn_cells(figures: gpd.GeoDataFrame, cells: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """Return what is drawn of the cells: all, the significant ones, or patches of one class."""
    significant = _is_significant(cells)
    if len(cells) <= MAX_FEATURES:
        return pd.concat([cells[~significant], cells[significant]]), ()
    thing = _thing(cells)
    rest = f"{int((~significant).sum()):,} {thing}s without significance are left white."
    if significant.sum() <= MAX_FEATURES:
        return cells[significant], (rest,)
    patches = merged_by_class(figures[_is_significant(figures)], "gi_bin")
    require_feature_count(len(patches), f"patches of significant {thing}s", _SMALLER)
    merged = f"{int(significant.sum()):,} significant {thing}s are merged into {len(patches):,} patches of one class."
    return to_degrees(patches, "hot spots"), (rest, merged)


def _thing(frame: gpd.GeoDataFrame) -> str:
    """Return what a place of the layer is."""
    if are_lines(frame):
        return "segment"
    return "cell" if "cell" in frame.columns else "unit"


def _is_significant(cells: gpd.GeoDataFrame) -> pd.Series:
    return cells["gi_bin"].fillna(0) != 0


def _cell_style(gi_bin: float, opacity: float, n_cells: int) -> Style:
    edge = {"color": "#b9c2ca", "weight": 0.4 if n_cells < 4000 else 0.0, "opacity": 0.7}
    if np.isnan(gi_bin):
        return {**edge, "fill": True, "fillColor": "#c9ced3", "fillOpacity": 0.35}
    faint = 0.75 if gi_bin == 0 else opacity
    return {**edge, "fill": True, "fillColor": GETIS_ORD_COLOURS[int(gi_bin)], "fillOpacity": faint}


def _line_style(gi_bin: float) -> Style:
    if np.isnan(gi_bin) or gi_bin == 0:
        return {"color": "#aab3bb", "weight": 1.0, "opacity": 0.8, "fill": False}
    return {"color": _LINE_COLOURS[int(gi_bin)], "weight": 4.0 + abs(gi_bin), "opacity": 0.95, "fill": False}


def _class_name(gi_bin: float) -> str:
    return _NO_STATISTIC if np.isnan(gi_bin) else _CLASSES[int(gi_bin)]


def _texts(cells: gpd.GeoDataFrame) -> dict[str, list[str]]:
    texts = {"Class": [_class_name(value) for value in cells["gi_bin"]]}
    if "area_km2" in cells.columns:
        return texts if are_lines(cells) else {**texts, "Patch": [f"{number(v)} km²" for v in cells["area_km2"]]}
    texts["Events"] = [number(value) for value in cells["count"]]
    for column, label in (("value", "Compared"), ("per_100m", "Per 100 m")):
        if column in cells.columns:
            texts[label] = [number(value) for value in cells[column]]
    texts |= {
        "z": [signed(value) for value in cells["gi_z"]],
        "p": [probability(value) for value in cells["p_value"]],
        "q": [probability(value) for value in cells["q_value"]],
    }
    if "cell" in cells.columns:
        texts["Cell"] = [str(value) for value in cells["cell"]]
    return texts


def _legend(cells: gpd.GeoDataFrame, layers: tuple[folium.GeoJson, ...], opacity: float) -> LegendGroup:
    bins = cells["gi_bin"]
    thing, lines = _thing(cells), are_lines(cells)
    entries = [
        LegendEntry(
            Swatch("line", stroke=_LINE_COLOURS[value])
            if lines
            else Swatch(fill=GETIS_ORD_COLOURS[value], stroke="#9aa5b1", opacity=opacity),
            label,
            number((bins == value).sum()),
        )
        for value, label in _CLASSES.items()
    ]
    n_null = int(bins.isna().sum())
    if n_null:
        entries.append(LegendEntry(Swatch(fill="#e2e5e8", stroke="#9aa5b1"), _NO_STATISTIC, number(n_null)))
    note = f"Classes from q, the p-value adjusted for testing every {thing} of the map."
    if n_null:
        note += f" {counted(n_null, thing)} without a statistic: too few neighbours or no variation around."
    return LegendGroup("Hot and cold spots (Gi*)", tuple(entries), f"{thing}s", note, layers)


def _table(cells: gpd.GeoDataFrame) -> Table:
    significant = cells[_is_significant(cells)].sort_values("gi_z", ascending=False, kind="stable")
    shown = significant.head(TABLE_ROWS)
    texts = _texts(shown)
    columns = tuple(Column(label, numeric=label not in ("Class", "Cell")) for label in texts)
    named = f"significant {_thing(cells)}s, hottest first"
    return Table(named.capitalize(), columns, table_rows(texts, shown.geometry), table_note(len(significant), named))
