"""The page: map, key figures, legend, how it was made, table."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis.summary import Notice
from app.errors import InvalidInputError, TooLargeError
from app.maps import palettes
from app.maps.background import Background, background
from app.maps.context import MapContext
from app.maps.escaping import escape_text
from app.maps.formatting import parameter, words
from app.maps.furniture import Fact, LegendGroup, Table
from app.maps.offline import FigureParts, OfflineFigure, OfflineMap
from app.maps.size import MAX_BYTES

_TILE_ADDRESS = re.compile(r"(https?://|/)([\w\-.~:/?&=%+@]|\{[zxysr]\})+")
"""No other braces: branca compiles what it renders as a template."""
_HINT = "Choose larger cells, a smaller area or fewer layers, or load the layer into a GIS."


@dataclass(frozen=True)
class Page:
    """Content of a map document.

    Attributes
    ----------
    context : MapContext
        What the map says about itself.
    under, over : tuple of folium layers
        Data below the streets (areas) and above them (points, labels), in drawing order.
    legend : tuple of LegendGroup
        Legend, most important group first.
    facts : tuple of Fact
        Key figures.
    table : Table
        Table view of the main layer.
    bounds : tuple of float
        West, south, east, north of the first view, degrees.
    notes : tuple of str
        How the drawing differs from the result (merged, simplified, left out).
    """

    context: MapContext
    under: tuple[folium.GeoJson, ...]
    over: tuple[folium.GeoJson, ...]
    legend: tuple[LegendGroup, ...]
    facts: tuple[Fact, ...]
    table: Table
    bounds: tuple[float, float, float, float]
    notes: tuple[str, ...] = ()


def view_bounds(*frames: gpd.GeoDataFrame | None) -> tuple[float, float, float, float]:
    """Return west, south, east, north of everything drawn, in degrees; a small square around a single point.

    Raises
    ------
    InvalidInputError
        Where there is nothing to draw.
    """
    boxes = [frame.total_bounds for frame in frames if frame is not None and len(frame)]
    if not boxes:
        raise InvalidInputError("There is nothing to draw on the map.", "Give at least one layer with a geometry.")
    corners = np.asarray(boxes)
    west, south = (float(value) for value in corners[:, :2].min(axis=0))
    east, north = (float(value) for value in corners[:, 2:].max(axis=0))
    margin = 0.002 if max(east - west, north - south) < 0.0005 else 0.0
    return west - margin, south - margin, east + margin, north + margin


def render_page(page: Page) -> str:
    """Return the HTML document of a map.

    Raises
    ------
    TooLargeError
        Where the document would exceed ``MAX_BYTES``.
    """
    context = page.context
    figure = OfflineFigure(context.assets)
    drawn = OfflineMap(figure, zoom_snap=1.0 if context.basemap_url else 0.25)
    behind = background(context)
    _add_basemap(drawn, context)
    for layer in (*behind.below, *page.under, *behind.above, *page.over):
        layer.add_to(drawn)
    figure.number_elements()
    document = _document(page, behind, figure.render_parts())
    size = len(document.encode("utf-8"))
    if size > MAX_BYTES:
        raise TooLargeError(
            f"The map would be {size / 1e6:.1f} MB large; browsers cope with {MAX_BYTES / 1e6:.0f} MB.", _HINT
        )
    return document


def _add_basemap(drawn: OfflineMap, context: MapContext) -> None:
    if context.basemap_url is None:
        return
    address = context.basemap_url
    if not _TILE_ADDRESS.fullmatch(address) or not all(part in address for part in ("{z}", "{x}", "{y}")):
        raise InvalidInputError(
            f"The basemap address {address!r} is not an XYZ tile address.",
            "Set KVART_BASEMAP_URL to an http(s) address or a path of this server with {z}, {x} and {y}, for example "
            "https://tiles.example/{z}/{x}/{y}.png.",
        )
    credit = escape_text(context.basemap_attribution) or "Basemap"
    folium.TileLayer(address, attr=credit, name="basemap", control=False, opacity=0.6).add_to(drawn)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_inert,
    )
    environment.globals.update(palette=palettes)
    return environment


def _inert(value: Any) -> Markup:
    return value if isinstance(value, Markup) else Markup(escape_text(value))  # noqa: S704  escape_text escapes


def _warning_text(warning: Notice | str) -> str:
    return warning if isinstance(warning, str) else warning.message


def _document(page: Page, behind: Background, parts: FigureParts) -> str:
    context = page.context
    west, south, east, north = (round(degree, 6) for degree in page.bounds)
    return (
        _templates()
        .get_template("document.html")
        .render(
            page=page,
            context=context,
            view=json.dumps([[south, west], [north, east]]),
            policy=parts.policy(context.basemap_url),
            parts=parts,
            markup=Markup(parts.markup),  # noqa: S704  an element with a numbered identifier
            script=Markup(parts.script),  # noqa: S704  rendered by Folium from escaped properties
            literal=Markup,
            legend=(*page.legend, *behind.legend),
            parameters=[parameter(name, value) for name, value in context.parameters.items() if value is not None],
            excluded=[(words(reason), count) for reason, count in context.excluded.items() if count],
            warnings=[_warning_text(warning) for warning in context.warnings],
            notes=(*page.notes, *behind.notes),
        )
    )
