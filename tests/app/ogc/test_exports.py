"""Whole layers as files: what other programs read of them is what SQL says."""

import csv
import io
import json
import tempfile
from pathlib import Path

import geopandas
import pyogrio
import pytest
from shapely import wkt
from sqlalchemy import text

from app.database import feature_rows
from app.files.streaming import WRITERS, write_geoparquet
from app.identity.roles import Role
from app.ogc import exports

FILES = ("geojson", "gpkg", "parquet", "fgb")
N_INCIDENTS = 250


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Read in parts of 60, so that every file is made of several."""
    monkeypatch.setattr(feature_rows, "BATCH_ROWS", 60)


@pytest.fixture
def download(client, root, tmp_path):
    """Downloads a layer and reads it by GDAL, or by pyarrow where it is GeoParquet."""

    def fetch(layer, kind, asking=client, **asked):
        names = {"bbox_crs": "bbox-crs", "filter_lang": "filter-lang"}
        params = {names.get(name, name): value for name, value in asked.items()} | {"f": kind}
        answer = asking.get(f"{root}/collections/{layer}/items", params=params)
        assert answer.status_code == 200, answer.text
        path = tmp_path / f"{layer}.{kind}"
        path.write_bytes(answer.content)
        if kind == "parquet":
            return geopandas.read_parquet(path)
        return pyogrio.read_dataframe(path)

    return fetch


def test_file_holds_every_feature_with_its_types(download):
    for kind in FILES:
        frame = download("incidents", kind)
        assert len(frame) == N_INCIDENTS
        assert frame.crs.is_geographic
        assert str(frame["occurred_from"].dtype).startswith("datetime64")
        row = frame[frame["external_id"] == "I7"].iloc[0]
        assert (row.geometry.x, row.geometry.y) == pytest.approx((22.5528, 57.2114), abs=1e-7)
        assert row["occurred_from"].isoformat() == "2025-01-08T12:00:00+00:00"
        assert frame["category"].value_counts().to_dict() == {"assault": 83, "burglary": 83, "robbery": 84}
        assert frame["occurred_from"].isna().sum() == 5


def test_layers_of_other_shapes(download):
    shapes = {"areal-units": (25, "Polygon"), "beats": (1, "MultiPolygon"), "fixes": (2, "Point")}
    shapes |= {"hot-spots": (100, "Polygon"), "danger-zones": (2, None), "densities": (0, None)}
    for layer, (n, shape) in shapes.items():
        for kind in FILES:
            frame = download(layer, kind)
            assert len(frame) == n, (layer, kind)
            assert shape is None or set(frame.geom_type) == {shape}, (layer, kind)


def test_filters_and_systems_hold_for_files(download):
    web = "http://www.opengis.net/def/crs/EPSG/0/3857"
    for kind in FILES:
        frame = download("incidents", kind, category="burglary", bbox="22.55,57.21,22.6,57.3", crs=web)
        assert 0 < len(frame) < 83
        assert set(frame["category"]) == {"burglary"}
        assert frame.crs.to_epsg() == 3857
        assert frame.to_crs(4326).total_bounds[0] == pytest.approx(22.55, abs=1e-2)
        northing_first = download("incidents", kind, crs="http://www.opengis.net/def/crs/EPSG/0/4326", limit="70")
        assert len(northing_first) == 70
        assert northing_first.total_bounds[0] < 23
        assert len(download("incidents", kind, filter="category = 'nothing'")) == 0


def test_objects_are_json_text(download):
    for kind in ("gpkg", "parquet", "fgb"):
        first = download("areal-units", kind)["attributes"].iloc[0]
        assert json.loads(first) == {"ward": "W0"}, kind
    assert download("areal-units", "parquet")["residents"].dtype == "int64"


def test_csv_has_no_formula_and_every_row(client, root, database):
    with database.owner_engine.begin() as connection:
        connection.execute(
            text("update incident set recorded_area = '=1+1', external_id = '-5' where external_id = 'I7'")
        )
        connection.execute(text("update incident set recorded_area = 'A \"b\", c' where external_id = 'I8'"))
    answer = client.get(f"{root}/collections/incidents/items?f=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"].endswith('-incidents.csv"')
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(rows) == N_INCIDENTS
    assert list(rows[0])[:4] == ["id", "longitude", "latitude", "category"]
    found = next(row for row in rows if row["external_id"] == "-5")
    assert (found["recorded_area"], found["longitude"], found["latitude"]) == ("'=1+1", "22.5528", "57.2114")
    assert found["occurred_from"] == "2025-01-08T12:00:00Z"
    assert next(row for row in rows if row["external_id"] == "I8")["recorded_area"] == 'A "b", c'
    areas = client.get(f"{root}/collections/areal-units/items", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(areas.text, newline="")))
    assert (len(rows), wkt.loads(rows[0]["WKT"]).geom_type) == (25, "Polygon")


def test_gdal_reads_the_place_from_csv(client, root, tmp_path):
    path = tmp_path / "units.csv"
    path.write_bytes(client.get(f"{root}/collections/areal-units/items?f=csv").content)
    frame = pyogrio.read_dataframe(path)
    assert (len(frame), set(frame.geom_type)) == (25, {"Polygon"})


def test_coarse_callers_get_coarse_files(client_as, root, town, download):
    engineer = client_as(Role.MUNICIPALITY, town)
    for kind in FILES:
        frame = download("incidents", kind, asking=engineer)
        assert len(frame) == 167
        assert "external_id" not in frame.columns
        assert set(frame["occurred_from"].dropna().astype(str).str.len()) == {7}


def test_files_take_the_right_and_leave_a_trace(anonymous, client, root, database, download):
    assert anonymous.get(f"{root}/collections/incidents/items?f=gpkg").status_code == 401
    looks = text(
        "select what -> 'filters' ->> 'f', sum((look ->> 'number')::int) from audit_event, "
        "jsonb_array_elements(what -> 'looks') as look where what -> 'filters' ? 'f' group by 1"
    )
    for kind in ("csv", "gpkg"):
        client.get(f"{root}/collections/incidents/items?f={kind}")
    with database.owner_engine.begin() as connection:
        assert dict(connection.execute(looks).all()) == {"csv": N_INCIDENTS, "gpkg": N_INCIDENTS}


def test_pages_and_layers_link_to_files(client, root, read):
    for document in (read("/collections/incidents"), read("/collections/incidents/items", category="robbery", limit=5)):
        links = [link for link in document["links"] if link["rel"] == "enclosure"]
        assert len(links) == len(exports.EXPORTS)
        for link in links:
            answer = client.get(link["href"])
            assert answer.status_code == 200
            assert answer.headers["content-type"].partition(";")[0] == link["type"]
            assert "limit" not in link["href"]
    shown = client.get(f"{root}/collections/incidents?f=html").text
    assert "f=gpkg" in shown


def test_disk_without_room_is_told_and_left_as_it_was(client, root, monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def to_full_disk(layer, path):
        path.with_suffix(".part").write_text("begun")
        write_geoparquet(layer, Path("/dev/full"))

    for ending in WRITERS:
        monkeypatch.setitem(WRITERS, ending, to_full_disk)
    for kind in ("gpkg", "parquet", "fgb"):
        answer = client.get(f"{root}/collections/incidents/items?f={kind}")
        assert (answer.status_code, answer.headers["content-type"]) == (507, "application/problem+json")
        assert answer.json()["type"] == "urn:kvart:problem:insufficient_storage"
        assert "full" in answer.json()["detail"]
        assert "/dev" not in answer.text
    assert list(tmp_path.iterdir()) == []
    assert "No space left on device" in caplog.text
    assert client.get(f"{root}/collections/incidents/items?f=csv").status_code == 200


def test_gdal_that_cannot_write_is_told_too(client, root, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    write = WRITERS[".gpkg"]

    def where_a_directory_is(layer, path):
        path.mkdir()
        write(layer, path)

    monkeypatch.setitem(WRITERS, ".gpkg", where_a_directory_is)
    answer = client.get(f"{root}/collections/incidents/items?f=gpkg")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:kvart:problem:storage_failed")
    assert "full" not in answer.json()["detail"]
    assert list(tmp_path.iterdir()) == []


def test_bad_parameters_of_files(strict_get):
    for asked, parameter in (
        ("f=shp", "f"),
        ("f=csv&limit=0", "limit"),
        ("f=gpkg&filter=x", "filter"),
        ("f=fgb&a=1", "a"),
    ):
        answer = strict_get(f"/collections/incidents/items?{asked}")
        assert (answer.status_code, answer.json()["parameter"]) == (400, parameter), asked
