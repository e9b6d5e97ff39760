"""Every SQL statement about the result layers of density and hot-spot runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Column, Float, Select, SmallInteger, Table, func, select
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from app.database import copying
from app.database.base import WGS84
from app.database.driver import copy_columns
from app.database.feature_collections import Collection, FeatureQuery, Property, PropertyType
from app.database.feature_pages import FeaturePage, read_feature_page
from app.deferred import gpd, pa, pd
from app.files.writing import rounded_geometries
from app.hot_spots.models import DensityCell, HotSpotCell

MOST_CELLS = 4_000_000

_SHARED: tuple[tuple[str, PropertyType, str], ...] = (
    ("cell", "integer", "Row-major number of the cell in its grid."),
    ("cell_x", "number", "Centre of the cell in the working CRS, metres."),
    ("cell_y", "number", "Centre of the cell in the working CRS, metres."),
)


@dataclass(frozen=True)
class ResultLayer:
    """A table of result cells.

    Attributes
    ----------
    table : Table
    layer : str
        Name of the layer in the result of a run.
    name, title, singular, description : str
        See `app.database.feature_collections.Collection`.
    values : tuple
        Name, JSON type and description of the columns besides cell and place.
    """

    table: Table
    layer: str
    name: str
    title: str
    singular: str
    description: str
    values: tuple[tuple[str, PropertyType, str], ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the layer, without key and geometry."""
        return tuple(name for name, _, _ in (*self.values, *_SHARED))


DENSITY = ResultLayer(
    table=DensityCell.__table__,  # type: ignore[arg-type]
    layer="density",
    name="densities",
    title="Densities",
    singular="density cell",
    description="Kernel density at the centre of each grid cell.",
    values=(
        ("density_per_km2", "number", "Events per square kilometre."),
        ("density_per_km2_year", "number", "The same per year; null where the run did not ask for it."),
    ),
)
HOT_SPOTS = ResultLayer(
    table=HotSpotCell.__table__,  # type: ignore[arg-type]
    layer="hot-spots",
    name="hot-spots",
    title="Hot spots",
    singular="hot spot cell",
    description="Getis-Ord Gi* of each grid cell.",
    values=(
        ("count", "integer", "Events in the cell."),
        ("gi_z", "number", "Gi* as a z score."),
        ("p_value", "number", "Exact conditional permutation probability, two-sided."),
        ("q_value", "number", "Probability after the map-wide correction that the run states."),
        ("gi_bin", "integer", "-3 to 3: cold at 99, 95, 90 %, not significant, hot at 90, 95, 99 %."),
    ),
)


def write_cells(
    session: Session, layer: ResultLayer, municipality_id: int, run_id: int, frame: gpd.GeoDataFrame
) -> None:
    """Copy the cells of a result into its table, as one binary stream."""
    degrees = shapely.orient_polygons(rounded_geometries(frame.geometry.to_crs(WGS84).to_numpy()))
    shapes = shapely.to_wkb(shapely.set_srid(degrees, WGS84), include_srid=True)
    columns = {
        "municipality_id": copying.integers(np.full(len(frame), municipality_id), 4),
        "run_id": copying.integers(np.full(len(frame), run_id), 8),
        "geom": copying.texts(pa.array(shapes, pa.binary())),
        **{name: _encoded(layer.table.c[name].type, _values(frame, name)) for name in layer.columns},
    }
    copy_columns(session, layer.table.name, columns)


def read_cells_as_geojson(
    session: Session, layer: ResultLayer, municipality_id: int, run_id: int, query: FeatureQuery
) -> FeaturePage:
    """Return cells of a result as GeoJSON text."""
    return read_feature_page(session, collection_of(layer, run_id), municipality_id, query)


def read_cells(session: Session, layer: ResultLayer, municipality_id: int, run_id: int) -> gpd.GeoDataFrame:
    """Return the cells of a result in WGS 84, for maps and files."""
    table = layer.table
    names = layer.columns
    statement: Select[Any] = (
        select(*(table.c[name] for name in names), func.st_asbinary(table.c.geom))
        .where(table.c.municipality_id == municipality_id, table.c.run_id == run_id)
        .order_by(table.c.cell)
    )
    rows = session.execute(statement).all()
    *values, shapes = zip(*rows, strict=True) if rows else [()] * (len(names) + 1)
    geometry = shapely.from_wkb(np.array([bytes(shape) for shape in shapes], dtype=object))
    return gpd.GeoDataFrame(dict(zip(names, map(list, values), strict=True)), geometry=geometry, crs=WGS84)


def collection_of(layer: ResultLayer, run_id: int | None = None) -> Collection:
    """Describe the cells of one run (of none, for the API document) as a collection of features."""
    table: Any = layer.table
    cells = select(table).where(table.c.run_id == run_id).subquery("cells")
    return Collection(
        name=layer.name,
        title=layer.title,
        singular=layer.singular,
        description=layer.description,
        source=cells,
        identifier=cells.c.cell,
        municipality=cells.c.municipality_id,
        geometry=cells.c.geom,
        geometry_types=("Polygon",),
        properties=tuple(
            Property(name, _column(cells.c, name), kind, text) for name, kind, text in (*layer.values, *_SHARED)
        ),
    )


def _column(columns: Any, name: str) -> Column[Any]:
    column: Column[Any] = columns[name]
    return column


def _values(frame: gpd.GeoDataFrame, name: str) -> pd.Series:
    """Return a column; one that the run did not ask for is null."""
    return frame[name] if name in frame else pd.Series(pd.NA, index=frame.index, dtype="Float64")


def _encoded(kind: TypeEngine[Any], values: pd.Series) -> copying.Column:
    missing = values.isna().to_numpy()
    nulls = missing if missing.any() else None
    if isinstance(kind, Float):
        return copying.floats(values.to_numpy(dtype=np.float64, na_value=0.0), nulls)
    width = 2 if isinstance(kind, SmallInteger) else 4
    return copying.integers(values.to_numpy(dtype=np.int64, na_value=0), width, nulls)
