"""Use cases of the cells of density and hot-spot runs: store and read them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.database.feature_collections import Bbox, Collection, FeatureQuery
from app.database.feature_pages import FeaturePage
from app.deferred import gpd
from app.hot_spots import repository
from app.hot_spots.repository import DENSITY, HOT_SPOTS, MOST_CELLS, ResultLayer
from app.municipalities.context import MunicipalityContext

__all__ = [
    "CELL_LAYERS",
    "COLLECTIONS",
    "LAYER_OF_KIND",
    "cells_of_run",
    "result_features",
    "result_frame",
    "store_cells",
    "whole_result",
]

COLLECTIONS = (repository.collection_of(HOT_SPOTS), repository.collection_of(DENSITY))
"""The result layers, as the API document describes them."""

LAYER_OF_KIND: dict[str, ResultLayer] = {"kernel-density": DENSITY, "getis-ord": HOT_SPOTS}
CELL_LAYERS: dict[str, ResultLayer] = {layer.layer: layer for layer in (DENSITY, HOT_SPOTS)}
"""The layers that are stored as cells, by the name they have in a result."""


def store_cells(session: Session, municipality_id: int, run_id: int, layer: str, frame: gpd.GeoDataFrame) -> None:
    """Store the cells of a run."""
    repository.write_cells(session, CELL_LAYERS[layer], municipality_id, run_id, frame)


def whole_result(bbox: Bbox | None = None) -> FeatureQuery:
    """Return the query for all features of a result, or for those that meet a rectangle."""
    return FeatureQuery(limit=MOST_CELLS, after=-1, bbox=bbox)


def result_features(
    session: Session, municipality: MunicipalityContext, kind: str, run_id: int, query: FeatureQuery
) -> FeaturePage:
    """Return cells of the result of a run as GeoJSON text."""
    return repository.read_cells_as_geojson(session, LAYER_OF_KIND[kind], municipality.id, run_id, query)


def cells_of_run(kind: str, run_id: int | None) -> Collection:
    """Return the collection of the cells of a run; of none it is empty."""
    return repository.collection_of(LAYER_OF_KIND[kind], run_id)


def result_frame(session: Session, municipality: MunicipalityContext, kind: str, run_id: int) -> gpd.GeoDataFrame:
    """Return the cells of the result of a run, WGS 84; columns that it has no value of are left out."""
    frame = repository.read_cells(session, LAYER_OF_KIND[kind], municipality.id, run_id)
    unasked = [name for name in ("density_per_km2_year",) if name in frame and frame[name].isna().all()]
    return frame.drop(columns=unasked)
