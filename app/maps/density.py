"""The map of a kernel density, on cells or along streets, and of rates by residents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pandas as pd

from app.errors import InvalidInputError
from app.maps.context import MapContext
from app.maps.formatting import number
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
from app.maps.palettes import DENSITY_RAMP
from app.maps.size import MAX_FEATURES, require_feature_count

MEASURES = {
    "density_per_km2_year": "Events per km² and year",
    "density_per_km2": "Events per km²",
    "density_per_km_year": "Events per km of street and year",
    "density_per_km": "Events per km of street",
    "events_per_1000_residents_year": "Events per 1,000 residents and year",
    "events_per_1000_residents": "Events per 1,000 residents",
}
"""Columns that can be drawn, and what they are; the first that a layer has is drawn."""
_OPACITY = 0.85
_SMALLER = "Choose larger cells or a smaller study area for the map."


@dataclass(frozen=True)
class DensityClasses:
    """Lower limits of the coloured classes.

    Attributes
    ----------
    breaks : tuple of float
        Five lower limits in the unit of the densities, ascending; below the first nothing is drawn.
    rule : str
        How they were chosen.
    """

    breaks: tuple[float, ...]
    rule: str

    def of(self, density: pd.Series) -> np.ndarray:
        """Return the class of each value, -1 below the first limit."""
        return np.asarray(np.searchsorted(self.breaks, density.fillna(0.0).to_numpy(), side="right") - 1)


@dataclass(frozen=True)
class _Drawing:
    """What of a layer is drawn, its name with the unit, and how."""

    column: str
    measure: str
    limits: DensityClasses
    lines: bool

    @property
    def thing(self) -> str:
        """What the layer is made of."""
        return "pieces of street" if self.lines else "cells"


def density_classes(density: pd.Series) -> DensityClasses:
    """Return class limits from the mean of the cells above zero to the highest, in steps of equal ratio.

    Parameters
    ----------
    density : Series
        Zero or more, in any unit.

    Notes
    -----
    Cells below the mean stay transparent, as in the incremental mean approach; above it the limits grow by the same
    factor, because densities are skewed: equal steps would leave most of a map in the lowest class and multiples of
    the mean most of a hot spot in the highest. Limits are rounded to three significant digits, as the legend states
    them.

    References
    ----------
    Chainey, S. and Ratcliffe, J. (2005). GIS and Crime Mapping. Wiley, chapter 6.

    Examples
    --------
    >>> density_classes(pd.Series([0.0, 10.0, 10.0, 10.0, 320.0])).breaks
    (87.5, 113.0, 147.0, 190.0, 247.0)
    """
    positive = density[density > 0]
    if positive.empty:
        return DensityClasses((1.0, 2.0, 3.0, 4.0, 5.0), "no cell has a density above zero")
    mean, highest = float(positive.mean()), float(positive.max())
    ratio = max(highest / mean, 1.05) ** (1 / 5)
    breaks = tuple(float(f"{mean * ratio**step:.3g}") for step in range(5))
    rule = f"from the mean of the cells above zero to the highest, each {ratio:.2g} times the one below"
    return DensityClasses(breaks, rule)


def density_map(frame: gpd.GeoDataFrame, context: MapContext, *, classes: DensityClasses | None = None) -> str:
    """Return the HTML document of a kernel density.

    Parameters
    ----------
    frame : GeoDataFrame
        Cells, or pieces of street, in any CRS with one of the columns of `MEASURES`; nulls are not coloured.
    context : MapContext
        Title, period, method, source and the like.
    classes : DensityClasses, optional
        Class limits; give the same ones to compare two periods.

    Returns
    -------
    str
        The document; the same input gives the same bytes.

    Raises
    ------
    InvalidInputError
        Where the column is missing or there is nothing to draw.
    TooLargeError
        Where more cells remain above the lowest limit than a document holds.
    """
    column = drawn_measure(frame)
    figures = frame.assign(**{column: pd.to_numeric(frame[column]).astype(float)})
    measure = measured(column, context.parameters)
    drawing = _Drawing(column, measure, classes or density_classes(figures[column]), are_lines(frame))
    figures["density_class"] = drawing.limits.of(figures[column])
    places = to_degrees(figures, "density")
    coloured = places[places["density_class"] >= 0]
    drawn, notes = coloured, unlocated_note(frame, drawing.thing)
    if len(coloured) > MAX_FEATURES:
        patches = merged_by_class(figures[figures["density_class"] >= 0], "density_class")
        require_feature_count(len(patches), "density patches", _SMALLER)
        notes += (f"{len(coloured):,} {drawing.thing} are merged into {len(patches):,} patches of one class.",)
        drawn = to_degrees(patches, "density")
    layers: tuple[folium.GeoJson, ...] = ()
    if len(drawn):
        styles = [_style(value, len(drawn), lines=drawing.lines) for value in drawn["density_class"]]
        layers = (shape_layer("density", drawn.geometry, styles, _texts(drawn, drawing)),)
    unit = MEASURES[column].partition(" ")[2]
    page = Page(
        context=context,
        under=layers,
        over=(),
        legend=(_legend(places, drawing, layers),),
        facts=(
            Fact("events used", number(context.n_used)),
            Fact(f"highest, {unit}", number(places[column].max())),
            Fact(drawing.thing, number(len(places))),
        ),
        table=_table(coloured, drawing),
        bounds=view_bounds(places),
        notes=notes,
    )
    return render_page(page)


def measured(column: str, parameters: Mapping[str, Any]) -> str:
    """Return what a column of `MEASURES` holds, with its unit, by the parameters of the result."""
    told = MEASURES[column]
    return f"Weighted {told[0].lower()}{told[1:]}" if parameters.get("weighted") else told


def drawn_measure(frame: gpd.GeoDataFrame) -> str:
    """Return the column of a density that is drawn.

    Raises
    ------
    InvalidInputError
        There is none.
    """
    for column in MEASURES:
        if column in frame.columns:
            return column
    raise InvalidInputError(
        "The density layer lacks the column 'density_per_km2'.", "Draw the result of a density run."
    )


def _style(density_class: int, n_places: int, *, lines: bool) -> Style:
    colour = DENSITY_RAMP[density_class]
    if lines:
        return {"color": colour, "weight": 2.5 + density_class, "opacity": 0.95, "fill": False}
    return {
        "color": colour,
        "weight": 0.3 if n_places < MAX_FEATURES // 2 else 0.0,
        "opacity": 0.6,
        "fill": True,
        "fillColor": colour,
        "fillOpacity": _OPACITY,
    }


def _texts(places: gpd.GeoDataFrame, drawing: _Drawing) -> dict[str, list[str]]:
    if "area_km2" in places.columns:
        texts = {
            drawing.measure: [f"{number(drawing.limits.breaks[value])} and more" for value in places["density_class"]]
        }
        return texts if drawing.lines else {**texts, "Patch": [f"{number(value)} km²" for value in places["area_km2"]]}
    texts = {drawing.measure: [number(value) for value in places[drawing.column]]}
    for column, label in (("cell", "Cell"), ("segment", "Segment")):
        if column in places.columns:
            texts[label] = [str(value) for value in places[column]]
    return texts


def _legend(places: gpd.GeoDataFrame, drawing: _Drawing, layers: tuple[folium.GeoJson, ...]) -> LegendGroup:
    breaks = drawing.limits.breaks
    counts = places["density_class"].value_counts()
    uppers = (*breaks[1:], max(float(places[drawing.column].max()), breaks[-1]))
    entries = [
        LegendEntry(
            Swatch("line", stroke=colour) if drawing.lines else Swatch(fill=colour, stroke="#9aa5b1", opacity=_OPACITY),
            f"{number(lower)} to {number(upper)}",
            number(counts.get(position, 0)),
        )
        for position, (colour, lower, upper) in enumerate(zip(DENSITY_RAMP, breaks, uppers, strict=True))
    ]
    below = LegendEntry(
        Swatch(stroke="#9aa5b1", dashed=True), f"below {number(breaks[0])}, not coloured", number(counts.get(-1, 0))
    )
    note = f"Limits: {drawing.limits.rule}."
    heading = "pieces" if drawing.lines else "cells"
    return LegendGroup(drawing.measure, (*reversed(entries), below), heading, note, layers)


def _table(coloured: gpd.GeoDataFrame, drawing: _Drawing) -> Table:
    shown = coloured.sort_values(drawing.column, ascending=False, kind="stable").head(TABLE_ROWS)
    texts = _texts(shown, drawing)
    columns = tuple(Column(label, numeric=label not in ("Cell", "Segment")) for label in texts)
    named = f"coloured {drawing.thing}, densest first"
    return Table(named.capitalize(), columns, table_rows(texts, shown.geometry), table_note(len(coloured), named))
