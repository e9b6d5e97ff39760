"""Maps of results whose every place has one named class: change, development, stability."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import folium
import geopandas as gpd
import pandas as pd

from analysis.wording import counted
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
from app.maps.layers import (
    Style,
    are_lines,
    label_layer,
    label_places,
    number_layer,
    shape_layer,
    to_degrees,
    unlocated_note,
)
from app.maps.merging import merged_by_class
from app.maps.page import Page, render_page, view_bounds
from app.maps.palettes import INK
from app.maps.size import MAX_FEATURES, require_feature_count

CLASS = "map_class"
MARK = "map_mark"
"""Column of what is written on a place instead of the mark of its class, where there is one."""
MOST_MARKS = 1_500
"""Places that carry the mark of their class; above that, colour alone tells the classes."""
_SMALLER = "Choose larger cells or a smaller study area for the map."
_EDGE = "#9aa5b1"

Texts = Callable[[gpd.GeoDataFrame], dict[str, list[str]]]


@dataclass(frozen=True)
class MapClass:
    """How one class is drawn and called.

    Attributes
    ----------
    label : str
        In the legend and in tooltips.
    colour : str
    mark : str
        Written on its places, so that colour is not all that tells them.
    quiet : bool
        It says nothing: drawn faintly, first left out, and in no table.
    """

    label: str
    colour: str
    mark: str = ""
    quiet: bool = False


@dataclass(frozen=True)
class ClassedResult:
    """A result with one class for every place, and how it is shown.

    Attributes
    ----------
    frame : GeoDataFrame
        Cells, units or segments in metres, their class in the column ``map_class``.
    classes : mapping of str to MapClass
        In the order of the legend.
    title : str
        Of the legend.
    note : str
        What a reader must know about the classes.
    order : str
        Column by which the table is sorted, highest first.
    ordered : str
        The same in words: ``"most events first"``.
    texts : callable
        From places to label and texts of tooltip and table, without the class.
    facts : tuple of (str, tuple of str)
        Key figures: what they are called, and the classes they count.
    thing : str
        What a place is.
    used : str
        What the first key figure counts.
    """

    frame: gpd.GeoDataFrame
    classes: Mapping[str, MapClass]
    title: str
    note: str
    order: str
    ordered: str
    texts: Texts
    facts: tuple[tuple[str, tuple[str, ...]], ...]
    thing: str = "cell"
    used: str = "events used"


def classed_map(result: ClassedResult, context: MapContext) -> str:
    """Return the HTML document of a result with classes.

    Parameters
    ----------
    result : ClassedResult
    context : MapContext

    Returns
    -------
    str
        The document; the same input gives the same bytes.

    Raises
    ------
    InvalidInputError
        There is nothing to draw.
    TooLargeError
        More places than a document holds remain after those that say nothing are left out and the rest is merged.
    """
    places = to_degrees(result.frame, result.title)
    drawn, notes = _drawn(result, places)
    layers: tuple[folium.GeoJson, ...] = ()
    if len(drawn):
        kinds = zip(drawn[CLASS], drawn.geom_type, strict=True)
        styles = [_style(result.classes[name], kind) for name, kind in kinds]
        layers = (shape_layer(result.title, drawn.geometry, styles, _texts(result, drawn)),)
    marks, unmarked = _marks(result, drawn)
    page = Page(
        context=context,
        under=layers,
        over=marks,
        legend=(_legend(result, places, (*layers, *marks)),),
        facts=(Fact(result.used, number(context.n_used)), *_facts(result, places)),
        table=_table(result, places),
        bounds=view_bounds(places, None if context.boundary is None else to_degrees(context.boundary, "boundary")),
        notes=(*notes, *unmarked, *unlocated_note(result.frame, f"{result.thing}s")),
    )
    return render_page(page)


def require_columns(frame: gpd.GeoDataFrame, columns: tuple[str, ...], layer: str) -> None:
    """Refuse a frame that is not the result of the analysis.

    Raises
    ------
    InvalidInputError
        A column is missing.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise InvalidInputError(
            f"The layer {layer!r} lacks the column(s) {', '.join(missing)}.", f"Draw the result of {layer}."
        )


def _is_quiet(result: ClassedResult, frame: gpd.GeoDataFrame) -> pd.Series:
    return frame[CLASS].map(lambda name: result.classes[name].quiet).astype(bool)


def _drawn(result: ClassedResult, places: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """Return what is drawn: all places, those that say something, or patches of one class."""
    quiet = _is_quiet(result, places)
    if len(places) <= MAX_FEATURES:
        return pd.concat([places[quiet], places[~quiet]]), ()
    rest = f"{counted(int(quiet.sum()), result.thing)} that say nothing are left white."
    if (~quiet).sum() <= MAX_FEATURES:
        return places[~quiet], (rest,)
    patches = merged_by_class(result.frame[~_is_quiet(result, result.frame).to_numpy()], CLASS)
    require_feature_count(len(patches), result.title, _SMALLER)
    merged = f"{int((~quiet).sum()):,} {result.thing}s are merged into {len(patches):,} patches of one class."
    return to_degrees(patches, result.title), (rest, merged)


def _style(drawn: MapClass, kind: str) -> Style:
    if "Line" in kind:
        weight = 1.2 if drawn.quiet else 4.0
        return {"color": drawn.colour, "weight": weight, "opacity": 0.7 if drawn.quiet else 0.95, "fill": False}
    edge = {"color": "#b9c2ca", "weight": 0.4, "opacity": 0.7}
    if "Point" in kind:
        edge = {"color": INK, "weight": 1.0, "opacity": 0.9, "radius": 7}
    return {**edge, "fill": True, "fillColor": drawn.colour, "fillOpacity": 0.55 if drawn.quiet else 0.85}


def _texts(result: ClassedResult, frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    texts = {"Class": [result.classes[name].label for name in frame[CLASS]]}
    if "area_km2" not in frame.columns:
        return {**texts, **result.texts(frame)}
    return texts if are_lines(frame) else {**texts, "Patch": [f"{number(value)} km²" for value in frame["area_km2"]]}


def _marks(result: ClassedResult, drawn: gpd.GeoDataFrame) -> tuple[tuple[folium.GeoJson, ...], tuple[str, ...]]:
    """Return the layer of marks of classes, and a note where there are too many to write."""
    own = drawn[MARK] if MARK in drawn.columns else drawn[CLASS].map(lambda name: result.classes[name].mark)
    marked = drawn[own.astype(bool)]
    if not len(marked):
        return (), ()
    if len(marked) > MOST_MARKS:
        return (), (f"The letters of {len(marked):,} {result.thing}s are left out; the tooltips say the class.",)
    texts = own[own.astype(bool)].tolist()
    areas = marked.geom_type.str.contains("Polygon").all()
    layer = (
        label_layer("marks of classes", label_places(marked.geometry), [texts])
        if areas
        else number_layer(marked, [texts])
    )
    return (layer,), ()


def _legend(result: ClassedResult, places: gpd.GeoDataFrame, layers: tuple[folium.GeoJson, ...]) -> LegendGroup:
    tally = places[CLASS].value_counts()
    lines = are_lines(places)
    entries = tuple(
        LegendEntry(
            Swatch("line", stroke=one.colour)
            if lines
            else Swatch(fill=one.colour, stroke=_EDGE, opacity=0.55 if one.quiet else 0.85),
            f"{one.label} ({one.mark})" if one.mark else one.label,
            number(tally.get(name, 0)),
        )
        for name, one in result.classes.items()
    )
    return LegendGroup(result.title, entries, f"{result.thing}s", result.note, layers)


def _facts(result: ClassedResult, places: gpd.GeoDataFrame) -> tuple[Fact, ...]:
    return tuple(Fact(label, number(places[CLASS].isin(names).sum())) for label, names in result.facts)


def _table(result: ClassedResult, places: gpd.GeoDataFrame) -> Table:
    loud = places[~_is_quiet(result, places)].sort_values(result.order, ascending=False, kind="stable")
    shown = loud.head(TABLE_ROWS)
    texts = _texts(result, shown)
    columns = tuple(Column(label, numeric=label not in ("Class", "Cell", "Segment", "Place")) for label in texts)
    named = f"{result.thing}s with a class, {result.ordered}"
    return Table(named.capitalize(), columns, table_rows(texts, shown.geometry), table_note(len(loud), named))
