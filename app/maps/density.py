"""The map of a kernel density."""

from __future__ import annotations

from dataclasses import dataclass

import folium
import geopandas as gpd
import numpy as np
import pandas as pd

from app.errors import InvalidInputError
from app.maps.context import MapContext
from app.maps.formatting import number
from app.maps.furniture import Column, Fact, LegendEntry, LegendGroup, Row, Swatch, Table, capped
from app.maps.layers import Style, shape_layer, to_degrees
from app.maps.page import Page, render_page, view_bounds
from app.maps.palettes import DENSITY_RAMP
from app.maps.size import MAX_FEATURES, require_feature_count

_COLUMN = "density_per_km2"
_OPACITY = 0.85


@dataclass(frozen=True)
class DensityClasses:
    """Lower limits of the coloured classes.

    Attributes
    ----------
    breaks : tuple of float
        Five lower limits in events per km2, ascending; below the first nothing is drawn.
    rule : str
        How they were chosen.
    """

    breaks: tuple[float, ...]
    rule: str

    def of(self, density: pd.Series) -> np.ndarray:
        """Return the class of each value, -1 below the first limit."""
        return np.asarray(np.searchsorted(self.breaks, density.fillna(0.0).to_numpy(), side="right") - 1)


def density_classes(density: pd.Series) -> DensityClasses:
    """Return class limits as multiples of the mean density of the cells that are not empty.

    Parameters
    ----------
    density : Series
        Events per km2.

    Notes
    -----
    The incremental mean approach: 1, 2, 3, 4 and 5 times the mean of the cells above zero. Where the highest density
    stays below five times the mean, five equal steps from the mean to the maximum are taken, so that the darkest
    class is not empty.

    References
    ----------
    Chainey, S. and Ratcliffe, J. (2005). GIS and Crime Mapping. Wiley, chapter 6.
    """
    positive = density[density > 0]
    if positive.empty:
        return DensityClasses((1.0, 2.0, 3.0, 4.0, 5.0), "no cell has a density above zero")
    mean, highest = float(positive.mean()), float(positive.max())
    if highest >= 5 * mean:
        breaks = [mean * step for step in range(1, 6)]
        rule = "1, 2, 3, 4 and 5 times the mean of the cells above zero"
    else:
        breaks = [mean + (highest - mean) * step / 5 for step in range(5)]
        rule = "five equal steps from the mean of the cells above zero to the highest"
    rounded = tuple(float(f"{value:.3g}") for value in breaks)
    return DensityClasses(rounded, rule)


def density_map(frame: gpd.GeoDataFrame, context: MapContext, *, classes: DensityClasses | None = None) -> str:
    """Return the HTML document of a kernel density.

    Parameters
    ----------
    frame : GeoDataFrame
        Cells in any CRS with ``density_per_km2`` (events per km2).
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
    if _COLUMN not in frame.columns:
        raise InvalidInputError(f"The density layer lacks the column {_COLUMN!r}.", "Draw the result of a density run.")
    cells = to_degrees(frame, "density")
    limits = classes or density_classes(cells[_COLUMN])
    cells["density_class"] = limits.of(cells[_COLUMN])
    drawn = cells[cells["density_class"] >= 0]
    hint = "Choose larger cells or a smaller study area for the map."
    require_feature_count(len(drawn), "density cells", hint)
    layers: tuple[folium.GeoJson, ...] = ()
    if len(drawn):
        styles = [_style(value, len(drawn)) for value in drawn["density_class"]]
        layers = (shape_layer("density", drawn.geometry, styles, _texts(drawn)),)
    highest = cells[_COLUMN].max()
    page = Page(
        context=context,
        under=layers,
        over=(),
        legend=(_legend(cells, limits, layers),),
        facts=(
            Fact("events used", number(context.n_used)),
            Fact("highest, per km²", number(highest)),
            Fact("cells", number(len(cells))),
        ),
        table=_table(drawn),
        bounds=view_bounds(cells),
    )
    return render_page(page)


def _style(density_class: int, n_cells: int) -> Style:
    return {
        "color": DENSITY_RAMP[density_class],
        "weight": 0.3 if n_cells < MAX_FEATURES // 2 else 0.0,
        "opacity": 0.6,
        "fill": True,
        "fillColor": DENSITY_RAMP[density_class],
        "fillOpacity": _OPACITY,
    }


def _texts(cells: gpd.GeoDataFrame) -> dict[str, list[str]]:
    texts = {"Events per km²": [number(value) for value in cells[_COLUMN]]}
    if "cell" in cells.columns:
        texts["Cell"] = [str(value) for value in cells["cell"]]
    return texts


def _legend(cells: gpd.GeoDataFrame, limits: DensityClasses, layers: tuple[folium.GeoJson, ...]) -> LegendGroup:
    counts = cells["density_class"].value_counts()
    uppers = (*limits.breaks[1:], None)
    entries = [
        LegendEntry(
            Swatch(fill=colour, stroke="#9aa5b1", opacity=_OPACITY),
            f"{number(lower)} to {number(upper)}" if upper is not None else f"{number(lower)} and more",
            number(counts.get(position, 0)),
        )
        for position, (colour, lower, upper) in enumerate(zip(DENSITY_RAMP, limits.breaks, uppers, strict=True))
    ]
    below = LegendEntry(
        Swatch(stroke="#9aa5b1", dashed=True),
        f"below {number(limits.breaks[0])}, not coloured",
        number(counts.get(-1, 0)),
    )
    note = f"Limits: {limits.rule}."
    return LegendGroup("Events per km²", (*reversed(entries), below), "cells", note, layers)


def _table(drawn: gpd.GeoDataFrame) -> Table:
    ordered = drawn.sort_values(_COLUMN, ascending=False, kind="stable")
    texts = _texts(ordered)
    rows = [
        Row(record, (round(point.y, 6), round(point.x, 6)))
        for record, point in zip(
            zip(*texts.values(), strict=True), ordered.geometry.representative_point(), strict=True
        )
    ]
    shown, note = capped(rows, "coloured cells, densest first")
    columns = tuple(Column(label, numeric=label != "Cell") for label in texts)
    return Table("Coloured cells, densest first", columns, shown, note)
