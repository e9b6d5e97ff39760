"""Files of every format become features in metres, or one clear message."""

import gzip
import zipfile

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS

from analysis.errors import AnalysisError, CoordinateError
from app.errors import InvalidInputError, KvartError, NotFoundError, TooLargeError, UnsupportedFormatError
from app.files import formats, shapes
from app.files.delimited import Dialect
from app.files.reading import read_features

LON = np.array([22.60, 22.61, 22.62])
LAT = np.array([57.24, 57.25, 57.26])


@pytest.fixture
def points():
    return gpd.GeoDataFrame(
        {"kind": ["a", "b", "c"], "n": [1, 2, 3]}, geometry=gpd.points_from_xy(LON, LAT), crs="EPSG:4326"
    )


@pytest.fixture
def units():
    cells = [shapely.box(500_000 + i * 100, 6_340_000, 500_100 + i * 100, 6_340_100) for i in range(3)]
    return gpd.GeoDataFrame({"unit": ["u1", "u2", "u3"], "residents": [10, 20, 30]}, geometry=cells, crs="EPSG:3059")


def write_csv(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def zipped_shapefile(frame, directory, name="layer"):
    folder = directory / f"{name}_shp"
    folder.mkdir()
    frame.to_file(folder / f"{name}.shp")
    path = directory / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in folder.iterdir():
            archive.write(part, part.name)
    return path


def saved(frame, directory, ending):
    path = directory / f"layer{ending}"
    if ending == ".zip":
        return zipped_shapefile(frame, directory)
    if ending == ".parquet":
        frame.to_parquet(path)
    elif ending == ".geojson.gz":
        path.write_bytes(gzip.compress(frame.to_json().encode()))
    else:
        frame.to_file(path)
    return path


@pytest.mark.parametrize("ending", [".geojson", ".geojson.gz", ".gpkg", ".parquet", ".zip"])
def test_every_format_gives_the_same_points(points, tmp_path, ending):
    found = read_features(saved(points, tmp_path, ending))
    assert found.frame.crs == CRS.from_epsg(32634)
    assert found.frame["n"].tolist() == [1, 2, 3]
    expected = points.to_crs(32634)
    assert np.allclose(found.frame.geometry.x, expected.geometry.x, atol=0.01)
    assert found.excluded == {}
    assert [notice.code for notice in found.notices] == ["projected"]


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("kind,longitude,latitude\na,22.60,57.24\n", None),
        ("kind;LONGITUD;Latitud\r\na;22,60;57,24\r\n", None),
        ("kind\tlng\tlat\na\t22.60\t57.24\n", None),
        ("kind|X|Y\na|22.60|57.24\n", None),
        ("\ufeffkind,Long,Lat\na, 22.60 ,57.24\n", None),
        ('kind,"east, west",y\na,"22,60","57,24"\n', "east, west"),
    ],
)
def test_delimiters_decimal_marks_and_column_names_are_found(tmp_path, text, x):
    found = read_features(write_csv(tmp_path / "points.csv", text), x=x, y="y" if x else None)
    assert found.frame.to_crs(4326).geometry.x.tolist() == pytest.approx([22.60])
    assert "assumed_crs" in [notice.code for notice in found.notices]


def test_encodings_other_than_utf8_are_read_with_a_notice(tmp_path):
    text = "straße,lon,lat\nMühle,22.6,57.2\n"
    found = read_features(write_csv(tmp_path / "a.csv", text, "cp1252"))
    assert found.frame["straße"].tolist() == ["Mühle"]
    assert "encoding" in [notice.code for notice in found.notices]
    assert read_features(write_csv(tmp_path / "b.csv", text, "utf-16")).frame["straße"].tolist() == ["Mühle"]
    declared = read_features(write_csv(tmp_path / "c.csv", text, "cp1252"), dialect=Dialect(encoding="cp1252"))
    assert declared.frame["straße"].tolist() == ["Mühle"]


def test_projected_columns_need_their_crs_and_keep_it(tmp_path):
    path = write_csv(tmp_path / "p.csv", "X,Y\n491059.5,5459122.4\n491068.7,5459126.1\n")
    with pytest.raises(InvalidInputError, match="not stated") as refused:
        read_features(path)
    assert "--crs EPSG:n" in refused.value.hint
    found = read_features(path, crs="32610")
    assert found.frame.crs == CRS.from_epsg(32610)
    assert found.frame.geometry.x.tolist() == [491059.5, 491068.7]
    assert read_features(path, crs="EPSG:32610", working_crs="EPSG:3157").frame.crs == CRS.from_epsg(3157)


def test_projected_columns_are_preferred_when_a_projected_crs_is_given(tmp_path):
    text = "x_coordinate,y_coordinate,longitude,latitude\n1165166.5,1872509.0,-87.669757,41.805763\n"
    found = read_features(write_csv(tmp_path / "p.csv", text), crs="EPSG:3435")
    assert found.frame.to_crs(4326).geometry.x.iloc[0] == pytest.approx(-87.669757, abs=1e-5)
    assert found.frame.crs == CRS.from_epsg(32616)


def test_rows_without_a_place_are_counted_by_reason(tmp_path):
    text = "id,lon,lat\n1,22.6,57.2\n2,0,0\n3,,57.2\n4,NA,57.2\n5,abc,57.2\n6,222,57.2\n7,22.6\n"
    found = read_features(write_csv(tmp_path / "p.csv", text))
    assert len(found.frame) == 1
    assert found.excluded == {
        "zero_coordinates": 1, "missing_coordinates": 2, "unreadable_coordinates": 1, "out_of_range": 1,
        "ragged_row": 1,
    }  # fmt: skip


def test_numbers_become_numbers_and_codes_stay_text(tmp_path):
    text = "code;n;share;lon;lat\n0012;5;0,5;22,6;57,2\n0013;6;0,25;22,6;57,3\n"
    frame = read_features(write_csv(tmp_path / "p.csv", text)).frame
    assert frame["code"].tolist() == ["0012", "0013"]
    assert frame["n"].tolist() == [5, 6]
    assert frame["share"].tolist() == [0.5, 0.25]


def test_wkt_column_gives_areas(tmp_path):
    text = 'unit,the_geom\nu1,"POLYGON ((22.6 57.2, 22.7 57.2, 22.7 57.3, 22.6 57.2))"\n'
    found = read_features(write_csv(tmp_path / "u.csv", text), expect="units")
    assert found.frame.geom_type.tolist() == ["Polygon"]


def test_units_keep_a_metric_crs_and_required_columns_are_found_in_any_case(units, tmp_path):
    found = read_features(saved(units, tmp_path, ".gpkg"), expect="units", required=["Residents"])
    assert found.frame.crs == CRS.from_epsg(3059)
    assert found.frame["Residents"].tolist() == [10, 20, 30]


def test_stated_projected_crs_of_a_file_is_the_one_to_work_in(units, tmp_path):
    path = saved(units, tmp_path, ".parquet")
    assert read_features(path, expect="units", crs="EPSG:32634").frame.crs == CRS.from_epsg(32634)
    with pytest.raises(InvalidInputError, match="contradicts"):
        read_features(path, expect="units", crs="EPSG:4326")
    with pytest.raises(CoordinateError, match="metres"):
        read_features(path, expect="units", crs="EPSG:2249")


def test_crs_without_a_code_works(units, tmp_path):
    own = CRS.from_proj4("+proj=tmerc +lat_0=57.2 +lon_0=24.1 +k=1 +x_0=1000 +y_0=2000 +ellps=GRS80 +units=m")
    assert own.to_epsg() is None
    found = read_features(saved(units.to_crs(own), tmp_path, ".gpkg"), expect="units")
    assert np.allclose(found.frame.area, units.area, rtol=1e-2)


def test_feet_become_metres(units, tmp_path):
    cells = [shapely.box(775_000 + i * 100, 2_950_000, 775_100 + i * 100, 2_950_100) for i in range(3)]
    found = read_features(
        saved(units.set_geometry(cells).set_crs(2249, allow_override=True), tmp_path, ".gpkg"), expect="units"
    )
    assert found.frame.crs == CRS.from_epsg(32619)
    assert found.frame.area.tolist() == pytest.approx([929] * 3, rel=0.01)


def test_layers_of_a_geopackage_are_named(points, units, tmp_path):
    path = tmp_path / "two.gpkg"
    points.to_file(path, layer="points")
    units.to_file(path, layer="units")
    with pytest.raises(InvalidInputError, match="2 layers") as refused:
        read_features(path)
    assert "points, units" in refused.value.hint
    assert len(read_features(path, dialect=Dialect(layer="points")).frame) == 3
    with pytest.raises(InvalidInputError, match="no layer 'pints'"):
        read_features(path, dialect=Dialect(layer="pints"))


def test_single_multipoints_are_points_and_others_are_refused(points, tmp_path):
    multi = points.set_geometry([shapely.MultiPoint([point]) for point in points.geometry], crs=4326)
    assert read_features(saved(multi, tmp_path, ".gpkg")).frame.geom_type.eq("Point").all()
    double = points.set_geometry([shapely.MultiPoint([point, (1, 1)]) for point in points.geometry], crs=4326)
    with pytest.raises(InvalidInputError, match="Multipoint"):
        read_features(saved(double, tmp_path, ".geojson"))


def test_points_far_apart_are_told(tmp_path):
    found = read_features(write_csv(tmp_path / "p.csv", "lon,lat\n22.6,57.2\n22.6,57.3\n57.2,22.6\n"))
    assert "far_apart" in [notice.code for notice in found.notices]
    assert found.frame.crs == CRS.from_epsg(32634)


REFUSALS = [
    ("notes.docx", b"x", UnsupportedFormatError, "docx"),
    ("layer.shp", b"x", UnsupportedFormatError, "'.shp'"),
    ("layer.gpkg.gz", b"x", UnsupportedFormatError, "gpkg.gz"),
    ("empty.csv", b"", InvalidInputError, "0 bytes"),
    ("header.csv", b"lon,lat\n", InvalidInputError, "no rows"),
    ("blank.csv", b"\n\n", InvalidInputError, "no text"),
    ("page.csv", b"<html><body>404</body>", InvalidInputError, "web page"),
    ("wrong.csv", b"PK\x03\x04rest", InvalidInputError, "zipped Shapefile"),
    ("wrong.geojson", b"a,b\n1,2\n", InvalidInputError, "delimited text"),
    ("wrong.gpkg", b"a,b\n1,2\n", InvalidInputError, "GeoPackage"),
    ("broken.gpkg", b"SQLite format 3\x00rest", InvalidInputError, "cannot be read"),
    ("broken.geojson", b'{"type": "FeatureCollection", "features": [', InvalidInputError, "cannot be read"),
    ("broken.parquet", b"PAR1rest", InvalidInputError, "cannot be read"),
    ("broken.zip", b"PK\x03\x04rest", InvalidInputError, "damaged"),
    ("broken.csv.gz", b"\x1f\x8brest", InvalidInputError, "gzip"),
    ("plain.csv.gz", b"a,b\n", InvalidInputError, "gzip"),
    ("nothing.csv.gz", gzip.compress(b""), InvalidInputError, "nothing"),
    ("binary.csv", b"a\x00\x01\x02", InvalidInputError, "binary"),
    ("none.geojson", b'{"type": "FeatureCollection", "features": []}', KvartError, "features"),
    ("bad.csv", b"lon,lat\n0,0\n,\nx,y\n", InvalidInputError, "no row can be used"),
    ("names.csv", b"id,name\n1,2\n", InvalidInputError, "no coordinate columns"),
    ("quote.csv", b'lon,lat\n"22.6,57.2\n22.6,57.3\n', InvalidInputError, "line 2: a quotation mark"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "error", "words"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_unusable_files_are_refused_in_words(tmp_path, name, content, error, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(error) as refused:
        read_features(path)
    assert words in refused.value.message
    assert name in refused.value.message
    assert refused.value.hint


def test_missing_files_and_columns_name_what_there_is(points, tmp_path):
    with pytest.raises(NotFoundError, match="no file"):
        read_features(tmp_path / "none.csv")
    path = saved(points, tmp_path, ".geojson")
    with pytest.raises(InvalidInputError, match="no column 'knd'") as refused:
        read_features(path, required=["knd"])
    assert refused.value.hint == "Did you mean 'kind'? Its columns are: kind, n."
    with pytest.raises(InvalidInputError, match="only one of the two"):
        read_features(path, x="kind")


@pytest.mark.parametrize("crs", ["EPSG:99999", "nonsense", "+proj=none"])
def test_unknown_crs_is_refused(points, tmp_path, crs):
    with pytest.raises(AnalysisError, match="Unknown coordinate reference system"):
        read_features(saved(points, tmp_path, ".geojson"), crs=crs)


def test_degrees_under_a_projected_crs_are_refused(tmp_path, points):
    path = write_csv(tmp_path / "p.csv", "lon,lat\n22.6,57.2\n0,0\n22.6,57.3\n")
    with pytest.raises(InvalidInputError, match="are degrees") as refused:
        read_features(path, crs="EPSG:32634")
    assert "EPSG:4326" in refused.value.hint
    with pytest.raises(InvalidInputError, match="no longitudes"):
        read_features(write_csv(tmp_path / "m.csv", "x,y\n500000,6340000\n"), crs="EPSG:4326")
    with pytest.raises(InvalidInputError, match="are degrees"):
        read_features(saved(points.set_crs(32634, allow_override=True), tmp_path, ".gpkg"))


def test_wrong_kinds_of_shapes_are_refused(points, units, tmp_path):
    with pytest.raises(InvalidInputError, match="3 Point, but areas are needed"):
        read_features(saved(points, tmp_path, ".geojson"), expect="area")
    both = pd.concat([points.to_crs(3059), units])
    with pytest.raises(InvalidInputError, match="areas or points, but not both"):
        read_features(saved(both, tmp_path, ".gpkg"), expect="units")


def test_invalid_and_huge_shapes_are_refused_by_name(units, tmp_path, monkeypatch):
    bow_tie = shapely.Polygon([(500_000, 6_340_000), (500_100, 6_340_100), (500_100, 6_340_000), (500_000, 6_340_100)])
    broken = units.set_geometry([*units.geometry[:2], bow_tie], crs=units.crs)
    with pytest.raises(InvalidInputError, match="feature 3: the shape is not valid") as refused:
        read_features(saved(broken, tmp_path, ".gpkg"), expect="units")
    assert "QGIS" in refused.value.hint
    monkeypatch.setattr("app.files.reading.MAX_VERTICES", 4)
    with pytest.raises(InvalidInputError, match="5 vertices"):
        read_features(saved(units, tmp_path, ".parquet"), expect="units")
    assert shapes.MAX_VERTICES > 4


def test_files_over_the_limit_are_refused_before_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "MAX_BYTES", 100)
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(b"lon,lat\n" + b"22.6,57.2\n" * 50))
    with pytest.raises(TooLargeError):
        read_features(bomb)
    large = write_csv(tmp_path / "large.csv", "lon,lat\n" + "22.6,57.2\n" * 50)
    with pytest.raises(TooLargeError):
        read_features(large)


def test_zip_must_hold_exactly_one_shapefile(points, tmp_path):
    path = zipped_shapefile(points, tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("second.shp", b"")
    with pytest.raises(InvalidInputError, match="2 Shapefiles"):
        read_features(path)
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    with pytest.raises(InvalidInputError, match="holds no"):
        read_features(other)


def test_shapefile_without_prj_needs_a_crs(points, tmp_path):
    path = zipped_shapefile(points, tmp_path)
    bare = tmp_path / "bare.zip"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(bare, "w") as archive:
        for name in source.namelist():
            if not name.endswith(".prj"):
                archive.writestr(name, source.read(name))
    with pytest.raises(InvalidInputError, match="states no coordinate reference system"):
        read_features(bare)
    assert len(read_features(bare, crs="EPSG:4326").frame) == 3


def test_plain_parquet_with_coordinates_is_read(tmp_path):
    path = tmp_path / "plain.parquet"
    pd.DataFrame({"longitude": LON, "latitude": LAT, "geometry": ["a", "b", "c"]}).to_parquet(path)
    frame = read_features(path).frame
    assert len(frame) == 3
    assert frame["geometry (1)"].tolist() == ["a", "b", "c"]


@pytest.mark.real_data
def test_real_points_and_units(shared_data):
    vancouver = read_features(shared_data / "vancouver" / "incidents_all_2020_utm10n.csv.gz", crs="EPSG:32610")
    assert len(vancouver.frame) == 33_761
    assert vancouver.excluded == {"zero_coordinates": 3_750, "missing_coordinates": 1}
    mexico = read_features(shared_data / "mexico_city" / "incidents_car_jacking_2019.gpkg")
    assert (len(mexico.frame), mexico.excluded) == (2_659, {"zero_coordinates": 152})
    blocks = read_features(
        shared_data / "chicago" / "census_block_groups_2010.parquet", expect="units", required=["population_2010"]
    )
    assert blocks.frame["population_2010"].sum() == 2_695_598
    with pytest.raises(InvalidInputError, match="feature 2: the shape is not valid"):
        read_features(shared_data / "memphis" / "police_precincts.geojson", expect="area")
