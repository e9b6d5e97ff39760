import errno
import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from app.errors import FullStorageError, InvalidInputError, UnsupportedFormatError
from app.files import gdal_process
from app.files.writing import OutputFiles, rounded_geometries, write_layer


@pytest.fixture
def layer():
    return gpd.GeoDataFrame(
        {
            "cell": [0, 1, 2],
            "count": pd.array([5, None, 7], dtype="Int64"),
            "gi_z": [1.5, np.nan, np.inf],
            "name": ["Čačak", None, 'a "b"'],
            "flag": [True, False, True],
        },
        geometry=[
            shapely.box(440000, 4640000, 440100, 4640100),
            shapely.MultiPolygon([shapely.box(440200, 4640000, 440300, 4640100)]),
            shapely.box(440400, 4640000, 440500, 4640100),
        ],
        crs="EPSG:26916",
    )


def test_geojson_is_rfc_7946(layer, tmp_path):
    path = tmp_path / "new" / "directory" / "cells.geojson"
    write_layer(layer, path)
    document = json.loads(path.read_text())
    assert "crs" not in document
    first, second, third = document["features"]
    assert first["properties"] == {"cell": 0, "count": 5, "gi_z": 1.5, "name": "Čačak", "flag": True}
    assert second["properties"]["count"] is None
    assert second["properties"]["gi_z"] is None
    assert third["properties"]["gi_z"] is None
    ring = first["geometry"]["coordinates"][0]
    assert shapely.is_ccw(shapely.LinearRing(ring))
    assert all(len(f"{number!r}".split(".")[1]) <= 7 for point in ring for number in point)
    assert -89 < ring[0][0] < -86


@pytest.mark.parametrize("ending", [".geojson", ".gpkg", ".parquet"])
def test_values_survive_the_round_trip(layer, tmp_path, ending):
    path = tmp_path / f"cells{ending}"
    write_layer(layer, path)
    back = gpd.read_parquet(path) if ending == ".parquet" else gpd.read_file(path)
    assert back["cell"].tolist() == [0, 1, 2]
    assert pd.api.types.is_integer_dtype(back["cell"])
    assert back["count"].isna().tolist() == [False, True, False]
    assert back["gi_z"].isna().tolist() == [False, True, True]
    assert back["name"].isna().tolist() == [False, True, False]
    assert back.crs == ("EPSG:4326" if ending == ".geojson" else layer.crs)
    assert back.geometry.is_valid.all()
    assert back.to_crs(layer.crs).geometry.area.to_numpy() == pytest.approx(layer.geometry.area.to_numpy(), rel=1e-3)


def test_an_empty_layer_is_still_a_layer(layer, tmp_path):
    write_layer(layer.iloc[:0], tmp_path / "none.geojson")
    assert json.loads((tmp_path / "none.geojson").read_text()) == {"type": "FeatureCollection", "features": []}


def test_a_geometry_that_seven_decimals_would_break_keeps_more_digits():
    sliver = shapely.Polygon([(0, 0), (1, 0), (1, 2e-8), (0, 2e-8)])
    spike = shapely.Polygon([(0, 0), (1, 0), (1, 1), (0.5 + 3e-8, 4e-8), (0, 1)])
    assert sliver.is_valid
    assert spike.is_valid
    rounded = rounded_geometries(np.array([sliver, spike, None]))
    assert rounded[0].is_valid
    assert rounded[1].is_valid
    assert rounded[2] is None
    assert rounded[0].area == pytest.approx(sliver.area, rel=1e-2)


def test_another_ending_is_refused_with_the_list(layer, tmp_path):
    with pytest.raises(UnsupportedFormatError, match=r"\.geojson, \.gpkg, .*\.parquet"):
        write_layer(layer, tmp_path / "cells.shp")
    assert list(tmp_path.iterdir()) == []


def test_a_layer_without_crs_is_refused(layer, tmp_path):
    with pytest.raises(InvalidInputError, match="no coordinate reference system"):
        write_layer(gpd.GeoDataFrame(layer, crs=None).set_crs(None, allow_override=True), tmp_path / "a.gpkg")


def write_texts(*texts_and_paths):
    with OutputFiles() as outputs:
        for text, path in texts_and_paths:
            outputs.text(text, path)
        return outputs.paths


def write_layers(layer, *paths):
    with OutputFiles() as outputs:
        for path in paths:
            outputs.layer(layer, path)


def test_nothing_appears_when_one_of_several_outputs_fails(layer, tmp_path):
    with pytest.raises(UnsupportedFormatError):
        write_layers(layer, tmp_path / "cells.gpkg", tmp_path / "cells.parquet", tmp_path / "cells.xls")
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_file_is_replaced_only_on_success(layer, tmp_path):
    path = tmp_path / "report.json"
    path.write_text("old")
    with pytest.raises(InvalidInputError):
        write_texts(("new", path), ("other", tmp_path))
    assert path.read_text() == "old"
    assert write_texts(("new", path)) == (path,)
    assert path.read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_places_that_cannot_be_written_to_are_named(layer, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInputError, match="Cannot write"):
        write_layer(layer, tmp_path / "file" / "cells.gpkg")
    with pytest.raises(InvalidInputError, match="is a directory"):
        write_texts(("a", tmp_path))
    with pytest.raises(InvalidInputError, match="Two outputs"):
        write_texts(("a", tmp_path / "twice"), ("b", tmp_path / "twice"))


def test_lists_become_json_in_a_geopackage(layer, tmp_path):
    layer["units"] = [["a", "b"], None, ["c"]]
    write_layer(layer, tmp_path / "cells.gpkg")
    assert gpd.read_file(tmp_path / "cells.gpkg")["units"].iloc[0] == '["a", "b"]'


@pytest.mark.parametrize(
    ("words", "size", "number"),
    [
        ("failed to execute insert : database or disk is full", 0, errno.ENOSPC),
        ("Unexpected I/O failure: seeking to temp feature location", 2**60, errno.ENOSPC),
        ("Unexpected I/O failure: seeking to temp feature location", 1, errno.EIO),
    ],
)
def test_what_gdal_could_not_write_tells_whether_the_disk_is_full(tmp_path, words, size, number):
    refused = gdal_process.refusal(tmp_path / "layer.fgb", words, size)
    assert (refused.errno, words in str(refused)) == (number, True)


def test_a_geopackage_on_a_full_disk_is_told_and_nothing_is_left(layer, tmp_path, monkeypatch):
    def onto_full_disk(*_arguments, **_options):
        raise pyogrio.errors.FeatureError("failed to execute insert : database or disk is full")

    monkeypatch.setattr(pyogrio, "write_dataframe", onto_full_disk)
    with pytest.raises(FullStorageError, match="disk is full"):
        write_layer(layer, tmp_path / "layer.gpkg")
    assert list(tmp_path.iterdir()) == []
