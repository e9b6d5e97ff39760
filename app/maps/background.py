"""The quiet background: study area, its boundary, streets."""

from __future__ import annotations

from dataclasses import dataclass

import folium
import geopandas as gpd
import shapely

from app.maps import palettes
from app.maps.context import MapContext
from app.maps.furniture import LegendGroup, Swatch
from app.maps.layers import shape_layer, to_degrees
from app.maps.size import simplified_coverage, simplified_lines


@dataclass(frozen=True)
class Background:
    """Layers below and above the data, with their legend and notes."""

    below: tuple[folium.GeoJson, ...]
    above: tuple[folium.GeoJson, ...]
    legend: tuple[LegendGroup, ...]
    notes: tuple[str, ...]


def background(context: MapContext) -> Background:
    """Return the background layers of a context.

    The inside of the boundary is light and the outside grey, streets are thin grey lines above the areas so that
    people find their way, and neither reacts to the pointer.
    """
    below: list[folium.GeoJson] = []
    above: list[folium.GeoJson] = []
    legend: list[LegendGroup] = []
    notes: list[str] = []
    if context.streets is not None and len(context.streets):
        streets = simplified_lines(to_degrees(context.streets, "streets"))
        if streets is None:
            notes.append("Streets are left out: too many for one drawing.")
        elif len(streets):
            layer = _street_layer(streets)
            above.append(layer)
            legend.append(LegendGroup("Streets", layers=(layer,), swatch=Swatch("line", stroke=palettes.STREET)))
    if context.boundary is not None and len(context.boundary):
        boundary, note = simplified_coverage(to_degrees(context.boundary, "boundary"))
        if not context.basemap_url:
            paper = {"stroke": False, "fill": True, "fillColor": "#ffffff", "fillOpacity": 1.0}
            below.append(shape_layer("study area", boundary.geometry, [paper] * len(boundary)))
        line = {"color": palettes.BOUNDARY, "weight": 1.6, "opacity": 0.9, "fill": False}
        outline = shape_layer("boundary", boundary.geometry, [line] * len(boundary))
        above.append(outline)
        legend.append(LegendGroup("Boundary", layers=(outline,), swatch=Swatch("line", stroke=palettes.BOUNDARY)))
        notes.extend([note] if note else [])
    return Background(tuple(below), tuple(above), tuple(legend), tuple(notes))


def _street_layer(streets: gpd.GeoDataFrame) -> folium.GeoJson:
    merged = gpd.GeoSeries([shapely.multilinestrings(_lines(streets))], crs=streets.crs)
    style = {"color": palettes.STREET, "weight": 0.9, "opacity": 0.5, "fill": False}
    return shape_layer("streets", merged, [style])


def _lines(streets: gpd.GeoDataFrame) -> list[shapely.LineString]:
    parts = shapely.get_parts(streets.geometry.to_numpy())
    return [part for part in parts if part.geom_type == "LineString"]
