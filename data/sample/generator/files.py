"""Writes the sample in the formats that suppliers send, byte for byte the same on every run."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from shapely.geometry import mapping

from generator import plan

LONGITUDE_DECIMALS = 7
FIXED_DAY = "2026-01-02T00:00:00.000Z"
"""GeoPackage keeps the day of its last change; this one is written instead of today."""


def in_place(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Move a frame from local metres to its place in the projected CRS of the town."""
    return frame.set_geometry(frame.translate(*plan.ORIGIN)).set_crs(plan.CRS)


def with_longitude(frame: pd.DataFrame, x: str = "x", y: str = "y", prefix: str = "") -> pd.DataFrame:
    """Replace local metres by ``longitude`` and ``latitude``, seven decimals."""
    points = gpd.GeoSeries(gpd.points_from_xy(frame[x] + plan.ORIGIN[0], frame[y] + plan.ORIGIN[1]), crs=plan.CRS)
    places = points.to_crs("EPSG:4326")
    texts = {f"{prefix}{name}": [f"{v:.{LONGITUDE_DECIMALS}f}" for v in values] for name, values in
             (("longitude", places.x), ("latitude", places.y))}  # fmt: skip
    return frame.drop(columns=[x, y]).assign(**texts)


def write_csv(frame: pd.DataFrame, path: Path, delimiter: str = ",") -> None:
    """Write rows as UTF-8 text with Unix line ends; times to the minute, empty where there is none."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
        writer.writerow(frame.columns)
        writer.writerows([_text(value) for value in row] for row in frame.itertuples(index=False))


def write_geojson(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write one feature a line in WGS 84 (CRS84), coordinates with seven decimals."""
    properties = frame.drop(columns="geometry").to_dict("records")
    geometries = frame.geometry.to_crs("EPSG:4326")
    lines = [
        json.dumps(
            {
                "type": "Feature",
                "properties": {name: _plain(value) for name, value in row.items()},
                "geometry": _rounded(mapping(geometry)),
            },
            ensure_ascii=False,
        )
        for row, geometry in zip(properties, geometries, strict=True)
    ]
    body = ",\n".join(lines)
    path.write_text(
        f'{{"type": "FeatureCollection", "name": "{path.stem}", "features": [\n{body}\n]}}\n', encoding="utf-8"
    )


def write_geopackage(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write a GeoPackage in the projected CRS with a fixed day of last change."""
    path.unlink(missing_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DAY})
    try:
        pyogrio.write_dataframe(frame, path, layer=path.stem, driver="GPKG")
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _plain(value: Any) -> Any:
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    return value.item() if isinstance(value, np.generic) else value


def _text(value: Any) -> Any:
    plain = _plain(value)
    if plain is None:
        return ""
    return value.strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else plain


def _rounded(part: Any) -> Any:
    """Round every number inside a GeoJSON geometry."""
    if isinstance(part, dict):
        return {name: value if name == "type" else _rounded(value) for name, value in part.items()}
    return [_rounded(inner) for inner in part] if isinstance(part, (list, tuple)) else round(part, LONGITUDE_DECIMALS)
