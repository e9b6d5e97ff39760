"""Layers of any size as files, written batch by batch: no more than a batch is held in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from pyproj import CRS

from app.files.gdal_process import write_in_process

ROWS_OF_A_GROUP = 100_000


@dataclass(frozen=True)
class LayerStream:
    """A layer that comes in Arrow batches.

    Attributes
    ----------
    name : str
    schema : pyarrow.Schema
    batches : iterable of pyarrow.RecordBatch
    geometry : str
        Column with the geometries as WKB, x before y.
    geometry_type : str
        What GDAL calls the type of all geometries; ``Unknown`` where they are mixed.
    geometry_types : tuple of str
        GeoJSON types that may occur.
    crs : pyproj.CRS or None
        None is longitude and latitude (OGC:CRS84).
    """

    name: str
    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]
    geometry: str
    geometry_type: str
    geometry_types: tuple[str, ...]
    crs: CRS | None


def write_geopackage(layer: LayerStream, path: Path) -> None:
    """Write a layer as GeoPackage."""
    _write_by_gdal(layer, path, "GPKG")


def write_flatgeobuf(layer: LayerStream, path: Path) -> None:
    """Write a layer as FlatGeobuf, in the order in which it comes and without an index, which GDAL makes in memory."""
    _write_by_gdal(layer, path, "FlatGeobuf", SPATIAL_INDEX="NO")


def write_geoparquet(layer: LayerStream, path: Path) -> None:
    """Write a layer as GeoParquet 1.1."""
    schema = layer.schema.with_metadata({b"geo": _geoparquet_metadata(layer)})
    with pa.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batches in _grouped(layer.batches):
            writer.write_table(pa.Table.from_batches(batches, layer.schema).replace_schema_metadata(schema.metadata))


WRITERS: dict[str, Callable[[LayerStream, Path], None]] = {
    ".gpkg": write_geopackage,
    ".fgb": write_flatgeobuf,
    ".parquet": write_geoparquet,
}
"""By the ending of the file."""


def _write_by_gdal(layer: LayerStream, path: Path, driver: str, **options: str) -> None:
    write_in_process(
        layer.schema,
        layer.batches,
        path,
        driver=driver,
        layer=layer.name,
        geometry_name=layer.geometry,
        geometry_type=layer.geometry_type,
        crs="OGC:CRS84" if layer.crs is None else layer.crs.to_wkt(),
        **options,
    )


def _geoparquet_metadata(layer: LayerStream) -> bytes:
    kind = layer.geometry_type
    types = [kind] if kind.startswith("Multi") else list(layer.geometry_types)
    column: dict[str, Any] = {"encoding": "WKB", "geometry_types": types}
    if layer.crs is not None:
        column["crs"] = layer.crs.to_json_dict()
    geo = {"version": "1.1.0", "primary_column": layer.geometry, "columns": {layer.geometry: column}}
    return json.dumps(geo).encode()


def _grouped(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """Return batches together that make a row group."""
    group: list[pa.RecordBatch] = []
    for batch in batches:
        group.append(batch)
        if sum(part.num_rows for part in group) >= ROWS_OF_A_GROUP:
            yield group
            group = []
    if group:
        yield group
