"""Which map shows a result: chosen by the name of its first layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import geopandas as gpd

from app.errors import NotFoundError
from app.maps.change import change_map
from app.maps.clusters import cluster_map
from app.maps.comparisons import comparison_map
from app.maps.context import MapContext
from app.maps.density import MEASURES, density_map
from app.maps.developments import emerging_map, history_map, stability_map
from app.maps.fixes import evaluation_map, proposals_map, ranking_map
from app.maps.hot_spots import hot_spot_map
from app.maps.mismatch import mismatch_map
from app.maps.near_repeats import risk_map
from app.maps.quadrants import quadrant_map
from app.maps.street_lighting import street_lighting_map
from app.maps.top_places import top_places_map

Draw = Callable[[gpd.GeoDataFrame, MapContext], str]

MAP_OF_LAYER: dict[str, Draw] = {
    "density": density_map,
    "network-density": density_map,
    "hot-spots": hot_spot_map,
    "unit-hot-spots": hot_spot_map,
    "sensitivity": stability_map,
    "change": change_map,
    "hot-spot-history": history_map,
    "emerging-hot-spots": emerging_map,
    "raised-risk": risk_map,
    "top-places": top_places_map,
    "street-lighting": street_lighting_map,
    "fix-proposals": proposals_map,
    "fix-ranking": ranking_map,
    "evaluation-areas": evaluation_map,
    "concern-mismatch": mismatch_map,
}
"""Maps that show one layer."""

DRAWN_LAYERS = frozenset({*MAP_OF_LAYER, "dual-density", "clusters"})
"""First layers that there is a map of."""


def result_map(layers: Mapping[str, gpd.GeoDataFrame], context: MapContext, *, statistic: str | None = None) -> str:
    """Return the HTML document of a result.

    Parameters
    ----------
    layers : mapping of str to GeoDataFrame
        By name, the main one first, in any CRS.
    context : MapContext
    statistic : str, optional
        Of hot spots: ``local-moran`` is drawn by its quadrants.

    Returns
    -------
    str
        The document; the same input gives the same bytes.

    Raises
    ------
    NotFoundError
        The result has no layer, or one that there is no map of.
    InvalidInputError, TooLargeError
        See the map of each layer.
    """
    name = next(iter(layers), "")
    if name not in DRAWN_LAYERS:
        raise NotFoundError("This result has no map: it says nothing of places.", "Its charts and tables show it.")
    frame = layers[name]
    if name == "clusters":
        return cluster_map(frame, context, ellipses=layers.get("ellipses"))
    if name == "dual-density":
        return (density_map if set(MEASURES) & set(frame.columns) else comparison_map)(frame, context)
    if statistic == "local-moran":
        return quadrant_map(frame, context)
    return MAP_OF_LAYER[name](frame, context)
