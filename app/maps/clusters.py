"""The map of clusters of events."""

from __future__ import annotations

import folium
import geopandas as gpd
import numpy as np

from app.maps.classed import require_columns
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
from app.maps.layers import Style, number_layer, shape_layer, to_degrees, unlocated_note
from app.maps.page import Page, render_page, view_bounds
from app.maps.palettes import CLUSTER, ELLIPSE
from app.maps.size import require_feature_count

LABELS = 25
"""Clusters that carry their number on the map, the largest first."""
_FEWER = "Ask for larger clusters."
_CLUSTER_COLUMNS = ("cluster", "events", "places")


def cluster_map(clusters: gpd.GeoDataFrame, context: MapContext, *, ellipses: gpd.GeoDataFrame | None = None) -> str:
    """Return the HTML document of clusters: their hulls, their ellipses and their numbers.

    Parameters
    ----------
    clusters : GeoDataFrame
        Hulls as `analysis.clusters.cluster_shapes.cluster_shapes` returns them, in any CRS; with ``order`` those of
        higher orders are drawn as outlines.
    context : MapContext
    ellipses : GeoDataFrame, optional
        Standard deviational ellipses: ``cluster, geometry``.

    Returns
    -------
    str
        The document; the same input gives the same bytes.

    Raises
    ------
    InvalidInputError
        A column is missing, or there is no cluster and no boundary to draw.
    TooLargeError
        There are more clusters than a document holds.
    """
    require_columns(clusters, _CLUSTER_COLUMNS, "clusters")
    require_feature_count(len(clusters), "clusters", _FEWER)
    hulls = to_degrees(clusters, "clusters")
    orders = hulls["order"].astype(int) if "order" in hulls.columns else hulls["cluster"] * 0 + 1
    groups, layers = _order_groups(hulls, orders.to_numpy())
    marks: tuple[folium.GeoJson, ...] = ()
    if ellipses is not None and len(ellipses):
        group, layer = _ellipse_group(to_degrees(ellipses, "ellipses"))
        groups, layers = (*groups, group), (*layers, layer)
    first = hulls[(orders == 1).to_numpy()].head(LABELS)
    if len(first):
        texts = [
            [number(value) for value in first["cluster"]],
            [f"{number(value)} events" for value in first["events"]],
        ]
        marks = (number_layer(first, texts),)
        groups = (*groups, LegendGroup("Number and events", layers=marks, swatch=Swatch()))
    boundary = None if context.boundary is None else to_degrees(context.boundary, "boundary")
    page = Page(
        context=context,
        under=layers,
        over=marks,
        legend=groups,
        facts=(
            Fact("events used", number(context.n_used)),
            Fact("clusters", number((orders == 1).sum())),
            Fact("events in them", number(hulls.loc[(orders == 1).to_numpy(), "events"].sum())),
        ),
        table=_cluster_table(hulls),
        bounds=view_bounds(hulls, boundary),
        notes=unlocated_note(clusters, "clusters"),
    )
    return render_page(page)


def _order_groups(
    hulls: gpd.GeoDataFrame, orders: np.ndarray
) -> tuple[tuple[LegendGroup, ...], tuple[folium.GeoJson, ...]]:
    """Return legend and layers by order, those of the highest order first, so that they lie below."""
    groups: list[LegendGroup] = []
    layers: list[folium.GeoJson] = []
    for order in sorted(set(orders.tolist()), reverse=True):
        chosen = _large_first(hulls[orders == order])
        outlined = order > 1
        styles = [_hull_style(kind, outlined=outlined) for kind in chosen.geom_type]
        layer = shape_layer(f"clusters {order}", chosen.geometry, styles, _cluster_texts(chosen))
        layers.append(layer)
        swatch = Swatch(fill="none" if outlined else CLUSTER, stroke=CLUSTER, dashed=outlined, opacity=0.35)
        many = set(orders.tolist()) != {1}
        title = f"Clusters of order {order}" if many else "Clusters"
        told = "hull of the clusters in it" if outlined else "hull of the events in it"
        groups.append(
            LegendGroup(title, (LegendEntry(swatch, told, number(len(chosen))),), "clusters", layers=(layer,))
        )
    return tuple(reversed(groups)), tuple(layers)


def _large_first(hulls: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return hulls in the order of drawing: one that lies within another comes after it and is seen."""
    west, south, east, north = hulls.bounds.to_numpy().T
    return hulls.iloc[np.argsort(-(east - west) * (north - south), kind="stable")]


def _ellipse_group(ellipses: gpd.GeoDataFrame) -> tuple[LegendGroup, folium.GeoJson]:
    style = {"color": ELLIPSE, "weight": 1.8, "opacity": 0.9, "fill": False, "dashArray": "5 4"}
    layer = shape_layer("ellipses", ellipses.geometry, [style] * len(ellipses))
    swatch = Swatch(stroke=ELLIPSE, dashed=True)
    note = "Standard deviational ellipse: where and in which direction the events of a cluster are spread."
    return LegendGroup("Ellipses", (LegendEntry(swatch, "ellipse"),), note=note, layers=(layer,)), layer


def _hull_style(kind: str, *, outlined: bool) -> Style:
    if outlined:
        return {"color": CLUSTER, "weight": 2.0, "opacity": 0.9, "fill": False, "dashArray": "8 5"}
    if "Point" in kind:
        return {"radius": 7, "color": CLUSTER, "weight": 2.0, "fill": True, "fillColor": CLUSTER, "fillOpacity": 0.5}
    if "Line" in kind:
        return {"color": CLUSTER, "weight": 5.0, "opacity": 0.8, "fill": False}
    return {"color": CLUSTER, "weight": 1.8, "opacity": 0.95, "fill": True, "fillColor": CLUSTER, "fillOpacity": 0.35}


def _cluster_texts(frame: gpd.GeoDataFrame) -> dict[str, list[str]]:
    texts = {
        "Cluster": [number(value) for value in frame["cluster"]],
        "Events": [number(value) for value in frame["events"]],
        "Places": [number(value) for value in frame["places"]],
    }
    if "order" in frame.columns:
        texts["Order"] = [number(value) for value in frame["order"]]
    for column, label in (("hull_km2", "Hull, km²"), ("density_per_km2", "Events per km²")):
        if column in frame.columns:
            texts[label] = [number(value) for value in frame[column]]
    return texts


def _cluster_table(hulls: gpd.GeoDataFrame) -> Table:
    shown = hulls.head(TABLE_ROWS)
    texts = _cluster_texts(shown)
    columns = tuple(Column(label, numeric=True) for label in texts)
    return Table(
        "Clusters", columns, table_rows(texts, shown.geometry), table_note(len(hulls), "clusters, largest first")
    )
