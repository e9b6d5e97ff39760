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
from app.maps.layers import Style, shape_layer, to_degrees, unlocated_note
from app.maps.merging import merged_by_class
from app.maps.page import Page, render_page, view_bounds
from app.maps.palettes import DENSITY_RAMP
from app.maps.size import MAX_FEATURES, require_feature_count

_COLUMN = "density_per_km2"
_OPACITY = 0.85
_SMALLER = "Choose larger cells or a smaller study area for the map."


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
    """Return class limits from the mean of the cells above zero to the highest, in steps of equal ratio.

    Parameters
    ----------
    density : Series
        Events per km2.

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
    figures = frame.assign(**{_COLUMN: pd.to_numeric(frame[_COLUMN]).astype(float)})
    limits = classes or density_classes(figures[_COLUMN])
    figures["density_class"] = limits.of(figures[_COLUMN])
    cells = to_degrees(figures, "density")
    coloured = cells[cells["density_class"] >= 0]
    drawn, notes = coloured, unlocated_note(frame, "cells")
    if len(coloured) > MAX_FEATURES:
        patches = merged_by_class(figures[figures["density_class"] >= 0], "density_class")
        require_feature_count(len(patches), "density patches", _SMALLER)
        notes += (f"{len(coloured):,} cells are merged into {len(patches):,} patches of one class.",)
        drawn = to_degrees(patches, "density")
    layers: tuple[folium.GeoJson, ...] = ()
    if len(drawn):
        styles = [_style(value, len(drawn)) for value in drawn["density_class"]]
        layers = (shape_layer("density", drawn.geometry, styles, _texts(drawn, limits)),)
    page = Page(
        context=context,
        under=layers,
        over=(),
        legend=(_legend(cells, limits, layers),),
        facts=(
            Fact("events used", number(context.n_used)),
            Fact("highest, per km²", number(cells[_COLUMN].max())),
            Fact("cells", number(len(cells))),
        ),
        table=_table(coloured, limits),
        bounds=view_bounds(cells),
        notes=notes,
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


def _texts(cells: gpd.GeoDataFrame, limits: DensityClasses) -> dict[str, list[str]]:
    if "area_km2" in cells.columns:
        return {
            "Events per km²": [f"{number(limits.breaks[value])} and more" for value in cells["density_class"]],
            "Patch": [f"{number(value)} km²" for value in cells["area_km2"]],
        }
    texts = {"Events per km²": [number(value) for value in cells[_COLUMN]]}
    if "cell" in cells.columns:
        texts["Cell"] = [str(value) for value in cells["cell"]]
    return texts


def _legend(cells: gpd.GeoDataFrame, limits: DensityClasses, layers: tuple[folium.GeoJson, ...]) -> LegendGroup:
    counts = cells["density_class"].value_counts()
    uppers = (*limits.breaks[1:], max(float(cells[_COLUMN].max()), limits.breaks[-1]))
    entries = [
        LegendEntry(
            Swatch(fill=colour, stroke="#9aa5b1", opacity=_OPACITY),
            f"{number(lower)} to {number(upper)}",
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


def _table(coloured: gpd.GeoDataFrame, limits: DensityClasses) -> Table:
    shown = coloured.sort_values(_COLUMN, ascending=False, kind="stable").head(TABLE_ROWS)
    texts = _texts(shown, limits)
    columns = tuple(Column(label, numeric=label != "Cell") for label in texts)
    note = table_note(len(coloured), "coloured cells, densest first")
    return Table("Coloured cells, densest first", columns, table_rows(texts, shown.geometry), note)
