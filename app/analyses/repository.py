"""Every SQL statement about the features and tables of results."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Subquery, func, insert, select
from sqlalchemy.orm import Session

from app.analyses.models import ResultFeature, ResultTable
from app.analyses.run_layers import RunLayer
from app.database import copying
from app.database.base import WGS84
from app.database.driver import copy_columns
from app.database.feature_collections import Collection, FeatureQuery, Property
from app.database.feature_pages import FeaturePage, read_feature_page
from app.deferred import gpd, pa, pd
from app.files.writing import rounded_geometries


def write_features(
    session: Session, municipality_id: int, run_id: int, layer: str, first: int, frame: gpd.GeoDataFrame
) -> None:
    """Copy the features of a layer into their table, numbered from ``first`` on, as one binary stream."""
    degrees = shapely.orient_polygons(rounded_geometries(frame.geometry.to_crs(WGS84).to_numpy()))
    shapes = shapely.to_wkb(shapely.set_srid(degrees, WGS84), include_srid=True)
    n = len(frame)
    columns: dict[str, copying.Column] = {
        "municipality_id": copying.integers(np.full(n, municipality_id), 4),
        "run_id": copying.integers(np.full(n, run_id), 8),
        "number": copying.integers(np.arange(first, first + n), 4),
        "layer": copying.texts(pa.array([layer] * n, pa.string())),
        "geom": copying.texts(pa.array(shapes, pa.binary())),
        "properties": copying.json_documents(records(frame.drop(columns=frame.geometry.name))),
    }
    copy_columns(session, "result_feature", columns)


def write_table(session: Session, municipality_id: int, run_id: int, name: str, table: pd.DataFrame) -> None:
    """Store a table of a result."""
    rows = [list(record.values()) for record in records(table)]
    session.execute(
        insert(ResultTable).values(
            municipality_id=municipality_id, run_id=run_id, name=name, columns=list(map(str, table.columns)), rows=rows
        )
    )


def read_table(session: Session, municipality_id: int, run_id: int, name: str) -> ResultTable | None:
    """Return a table of a result."""
    return session.get(ResultTable, {"municipality_id": municipality_id, "run_id": run_id, "name": name})


def read_features_as_geojson(
    session: Session, municipality_id: int, run_id: int, layer: str, columns: Sequence[str], query: FeatureQuery
) -> FeaturePage:
    """Return features of a layer as GeoJSON text."""
    return read_feature_page(session, _collection(run_id, layer, columns), municipality_id, query)


def read_features(session: Session, municipality_id: int, run_id: int, layer: str) -> gpd.GeoDataFrame:
    """Return the features of a layer in WGS 84, for maps and files."""
    statement = (
        select(ResultFeature.properties, func.st_asbinary(ResultFeature.geom))
        .where(ResultFeature.municipality_id == municipality_id)
        .where(ResultFeature.run_id == run_id, ResultFeature.layer == layer)
        .order_by(ResultFeature.number)
    )
    found = session.execute(statement).all()
    shapes = shapely.from_wkb(np.array([bytes(shape) for _, shape in found], dtype=object))
    return gpd.GeoDataFrame([properties for properties, _ in found], geometry=shapes, crs=WGS84)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, JSON-ready: what is missing or not finite is null."""
    columns = {str(name): [_plain(value) for value in table[name].tolist()] for name in table.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, bool | int | float | str) else str(value)


def collection_of(layer: RunLayer, run_id: int | None = None) -> Collection:
    """Describe a layer of one run (of none, for what is said of it) as a collection of features with typed columns."""
    features = _features(run_id, layer.layer)
    return Collection(
        name=layer.name,
        title=layer.title,
        singular=layer.singular,
        description=layer.description,
        source=features,
        identifier=features.c.number,
        municipality=features.c.municipality_id,
        geometry=features.c.geom,
        geometry_types=layer.geometry_types,
        properties=tuple(
            Property(name, _TYPED[kind](features.c.document[name]), kind, text) for name, kind, text in layer.columns
        ),
    )


_TYPED: dict[str, Callable[[Any], Any]] = {
    "string": lambda value: value.as_string(),
    "integer": lambda value: value.as_integer(),
    "number": lambda value: value.as_float(),
    "boolean": lambda value: value.as_boolean(),
}


def _collection(run_id: int, layer: str, columns: Sequence[str]) -> Collection:
    """Describe a layer as a collection of features."""
    features = _features(run_id, layer)
    return Collection(
        name=layer,
        title=layer,
        singular="result feature",
        description="Features of a result.",
        source=features,
        identifier=features.c.number,
        municipality=features.c.municipality_id,
        geometry=features.c.geom,
        geometry_types=("Point", "LineString", "MultiLineString", "Polygon", "MultiPolygon"),
        properties=tuple(Property(name, features.c.document[name], "object", "") for name in columns),
    )


def _features(run_id: int | None, layer: str) -> Subquery:
    """Return the features of a layer of a run."""
    columns = (
        ResultFeature.municipality_id,
        ResultFeature.number,
        ResultFeature.geom,
        ResultFeature.properties.label("document"),
    )
    wanted = (ResultFeature.run_id == run_id, ResultFeature.layer == layer)
    return select(*columns).where(*wanted).subquery("features")
