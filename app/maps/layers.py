"""GeoDataFrames as Folium layers: in degrees, rounded, with escaped texts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import folium
import geopandas as gpd
import numpy as np
import shapely
from folium.utilities import JsCode

from analysis.errors import CoordinateError
from app.maps.escaping import escape_text
from app.maps.offline import EscapedTooltip

Style = Mapping[str, Any]
Shape = Literal["circle", "square", "diamond"]
DECIMALS = 6
"""About 0.1 m at the equator."""


def to_degrees(frame: gpd.GeoDataFrame, layer: str) -> gpd.GeoDataFrame:
    """Return a frame in EPSG:4326 with a clean index, without rows that have no geometry.

    Parameters
    ----------
    frame : GeoDataFrame
        In any CRS.
    layer : str
        Name of the layer for the message.

    Raises
    ------
    CoordinateError
        Where the frame has no CRS, or its coordinates do not lie on the earth.
    """
    if frame.crs is None:
        raise CoordinateError(
            f"The layer {layer!r} has no coordinate reference system.",
            "Set it with frame.set_crs(...) before drawing.",
        )
    located = frame[frame.geometry.notna() & ~frame.geometry.is_empty]
    degrees = located.to_crs("EPSG:4326").reset_index(drop=True)
    if len(degrees) and not np.isfinite(degrees.total_bounds).all():
        raise CoordinateError(
            f"Some coordinates of the layer {layer!r} cannot be expressed in longitude and latitude.",
            f"Check that the layer really is in {frame.crs.to_string()}.",
        )
    return degrees


def unlocated_note(frame: gpd.GeoDataFrame, what: str) -> tuple[str, ...]:
    """Return a note about rows that have no geometry and so are not drawn; nothing where all have one."""
    missing = int((frame.geometry.isna() | frame.geometry.is_empty).sum())
    return (f"{missing:,} of {len(frame):,} {what} have no geometry and are not drawn.",) if missing else ()


def vertex_count(frame: gpd.GeoDataFrame) -> int:
    """Return the number of vertices of all geometries."""
    return int(shapely.get_num_coordinates(frame.geometry.to_numpy()).sum())


def are_lines(frame: gpd.GeoDataFrame) -> bool:
    """Tell whether a layer consists of lines, such as street segments."""
    return len(frame) > 0 and bool((shapely.get_dimensions(frame.geometry.to_numpy()) == 1).all())


def features(geometries: gpd.GeoSeries, texts: Mapping[str, Sequence[str]]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a FeatureCollection and the label of each of its short property names.

    Parameters
    ----------
    geometries : GeoSeries
        In EPSG:4326.
    texts : mapping of str to sequence of str
        Label to one text per geometry; escaped here.
    """
    rounded = shapely.transform(geometries.to_numpy(), lambda coordinates: coordinates.round(DECIMALS))
    labels = {f"t{position}": escape_text(label) for position, label in enumerate(texts)}
    columns = [[escape_text(text) for text in column] for column in texts.values()]
    collection = [
        {
            "type": "Feature",
            "id": str(position),
            "properties": dict(zip(labels, record, strict=True)),
            "geometry": json.loads(geometry),
        }
        for position, (geometry, *record) in enumerate(zip(shapely.to_geojson(rounded), *columns, strict=True))
    ]
    return {"type": "FeatureCollection", "features": collection}, labels


class Symbol(folium.CircleMarker):
    """A point drawn on the canvas, without an image: the shape says the kind, the fill says the state.

    Parameters
    ----------
    shape : {"circle", "square", "diamond"}
        The last two are drawn by ``static/maps.js``.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__(radius=5)
        self._name = {"circle": "CircleMarker", "square": "KvartSquare", "diamond": "KvartDiamond"}[shape]


def shape_layer(
    name: str,
    geometries: gpd.GeoSeries,
    styles: Sequence[Style],
    texts: Mapping[str, Sequence[str]] | None = None,
    *,
    shape: Shape = "circle",
) -> folium.GeoJson:
    """Return points, lines or polygons with one style each and a tooltip on hover or tap.

    Parameters
    ----------
    name : str
        Name of the layer.
    geometries : GeoSeries
        In EPSG:4326; at least one.
    styles : sequence of mapping
        Leaflet path options per geometry.
    texts : mapping of str to sequence of str, optional
        Tooltip label to one text per geometry; without it the layer does not react to the pointer.
    shape : {"circle", "square", "diamond"}
        How points are drawn.
    """
    collection, labels = features(geometries, texts or {})
    layer = folium.GeoJson(
        collection,
        name=name,
        style_function=lambda feature: dict(styles[int(feature["id"])]),
        marker=Symbol(shape),
        smooth_factor=0.3,
        interactive=bool(texts),
    )
    if texts:
        EscapedTooltip(list(labels), list(labels.values()), class_name="map-tooltip", sticky=True, opacity=1).add_to(
            layer
        )
    return layer


def label_places(areas: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return for each area the point farthest from its border, where a label has most room.

    Parameters
    ----------
    areas : GeoSeries
        Polygons in EPSG:4326.
    """
    radii = shapely.maximum_inscribed_circle(areas.to_numpy())
    return gpd.GeoSeries(shapely.get_point(radii, 0), index=areas.index, crs=areas.crs)


def label_layer(name: str, points: gpd.GeoSeries, lines: Sequence[Sequence[str]]) -> folium.GeoJson:
    """Return permanent texts on the map, escaped; those that would overlap are hidden until there is room.

    Parameters
    ----------
    name : str
        Name of the layer.
    points : GeoSeries
        Where each text is centred, EPSG:4326.
    lines : sequence of sequence of str
        First lines of all labels, second lines of all labels ...; the first label has precedence for room.
    """
    collection, _labels = features(points, {str(position): line for position, line in enumerate(lines)})
    invisible = {"radius": 0, "stroke": False, "fill": False}
    return folium.GeoJson(
        collection,
        name=name,
        style_function=lambda _feature: invisible,
        marker=Symbol("circle"),
        on_each_feature=JsCode("kvartLabel"),
        interactive=False,
    )


def number_layer(frame: gpd.GeoDataFrame, lines: Sequence[Sequence[str]]) -> folium.GeoJson:
    """Return permanent texts on points, lines or areas, as :func:`label_layer` does.

    Parameters
    ----------
    frame : GeoDataFrame
        In EPSG:4326.
    lines : sequence of sequence of str
        First lines of all labels, second lines ...
    """
    points = gpd.GeoSeries(shapely.point_on_surface(frame.geometry.to_numpy()), crs=frame.crs)
    return label_layer("numbers", points, lines)
