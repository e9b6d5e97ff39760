"""What surrounds the map: key figures, legend, table. Plain data; the looks are in the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import folium
import geopandas as gpd

TABLE_ROWS = 500
"""Rows of a table view beyond which it is cut, with a note."""


@dataclass(frozen=True)
class Swatch:
    """The sample of a legend entry.

    Attributes
    ----------
    shape : str
        ``area``, ``line``, ``circle``, ``square`` or ``diamond``.
    fill, stroke : str
        Colours; ``none`` for empty.
    dashed : bool
        Whether the outline is dashed.
    opacity : float
        Of the fill, as on the map.
    """

    shape: Literal["area", "line", "circle", "square", "diamond"] = "area"
    fill: str = "none"
    stroke: str = "none"
    dashed: bool = False
    opacity: float = 1.0


@dataclass(frozen=True)
class LegendEntry:
    """One line of the legend: sample, meaning, how many there are."""

    swatch: Swatch
    label: str
    count: str = ""


@dataclass(frozen=True)
class LegendGroup:
    """A titled part of the legend; with ``layers`` it has a checkbox that shows and hides them.

    Attributes
    ----------
    title : str
        What the entries have in common.
    entries : tuple of LegendEntry
        In reading order.
    heading : str
        Head of the column of counts.
    note : str
        What a reader must know about the classes.
    layers : tuple of folium layers
        Switched together by the checkbox.
    swatch : Swatch or None
        Sample beside the title of a group that has no entries.
    """

    title: str
    entries: tuple[LegendEntry, ...] = ()
    heading: str = ""
    note: str = ""
    layers: tuple[folium.GeoJson, ...] = ()
    swatch: Swatch | None = None

    @property
    def layer_names(self) -> str:
        """Names of the layers' script variables, separated by spaces; final once the figure has numbered them."""
        return " ".join(layer.get_name() for layer in self.layers)


@dataclass(frozen=True)
class Column:
    """Head of a table column."""

    label: str
    numeric: bool = False


@dataclass(frozen=True)
class Bar:
    """A figure with a bar behind it.

    Attributes
    ----------
    text : str
        The figure as read.
    share : float
        Length of the bar, 0 to 1.
    marks : tuple of float
        Where limits lie on the same scale.
    outside : bool
        Whether the figure breaks the limits.
    """

    text: str
    share: float
    marks: tuple[float, ...] = ()
    outside: bool = False


@dataclass(frozen=True)
class Row:
    """A table row; with a position it can be shown on the map."""

    cells: tuple[str | Bar, ...]
    position: tuple[float, float] | None = None
    """Latitude and longitude."""


@dataclass(frozen=True)
class Table:
    """The same data as the map, for reading and for screen readers."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True)
class Fact:
    """A key figure of the header."""

    label: str
    value: str


def table_note(total: int, what: str) -> str:
    """Return what a table says about its length.

    Parameters
    ----------
    total : int
        Rows there are.
    what : str
        What a row is, in the plural, with the order: ``"cells, hottest first"``.
    """
    if total <= TABLE_ROWS:
        return f"All {total:,} {what}." if total else f"No {what.partition(',')[0]}."
    return f"The first {TABLE_ROWS:,} of {total:,} {what}. Export the layer for the rest."


def table_rows(texts: Mapping[str, Sequence[str | Bar]], places: gpd.GeoSeries) -> tuple[Row, ...]:
    """Return one row per place from columns of cells.

    Parameters
    ----------
    texts : mapping of str to sequence
        Column label to one cell per row.
    places : GeoSeries
        In EPSG:4326; a row's button shows a point on it.
    """
    points = places.representative_point()
    return tuple(
        Row(record, (round(point.y, 6), round(point.x, 6)))
        for record, point in zip(zip(*texts.values(), strict=True), points, strict=True)
    )
