"""OGC API - Tiles, Part 1 (20-057): core, tile sets, lists of them, tiles of layers, datetime, Mapbox vector tiles."""

import math

import pyogrio
import pytest
import shapely
from shapely.geometry import shape

MVT = "application/vnd.mapbox-vector-tile"
RELATIONS = "http://www.opengis.net/def/rel/ogc/1.0"
QUAD = "WebMercatorQuad"
QUAD_URI = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{QUAD}"
ZOOM, ROW, COLUMN = 9, 156, 288
"""A tile that holds the whole town, in which the cells of its grids are not too small to be drawn."""


def to_degrees(column, row, zoom):
    """Return the north-western corner of a tile."""
    n = 2**zoom
    return column / n * 360 - 180, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / n))))


def tile_at(longitude, latitude, zoom):
    x = (longitude + 180) / 360
    y = (1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2
    return int(y * 2**zoom), int(x * 2**zoom)


@pytest.fixture(scope="module")
def tile(get):
    """Asks for a tile."""

    def ask(name, zoom=ZOOM, row=ROW, column=COLUMN, **parameters):
        return get(f"/collections/{name}/tiles/{QUAD}/{zoom}/{row}/{column}", **parameters)

    return ask


@pytest.fixture
def drawn(tmp_path):
    """Reads a tile as GDAL does."""

    def read_tile(content, zoom=ZOOM, row=ROW, column=COLUMN):
        if not content:
            return []
        path = tmp_path / "tile.mvt"
        path.write_bytes(content)
        frame = pyogrio.read_dataframe(f"MVT:{path}", X=str(column), Y=str(row), Z=str(zoom))
        return list(frame.to_crs(4326).geometry)

    return read_tile


# core


def test_every_layer_has_tiles(tile, names):
    for name in names:
        answer = tile(name)
        assert (answer.status_code, answer.headers["content-type"]) == (200, MVT), name


def test_addresses_are_zoom_row_and_column(tile, drawn, parameters_of, names, everything):
    told = parameters_of(f"/collections/{names[0]}/tiles/{QUAD}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}")
    for name in ("tileMatrix", "tileRow", "tileCol"):
        assert (told[name]["in"], told[name]["required"]) == ("path", True)
    longitude, latitude = everything["incidents"][6]["geometry"]["coordinates"]
    for zoom in (0, 3, 9, 14, 18, 22):
        row, column = tile_at(longitude, latitude, zoom)
        west, north = to_degrees(column, row, zoom)
        east, south = to_degrees(column + 1, row + 1, zoom)
        area = shapely.box(west, south, east, north).buffer((east - west) / 10)
        shown = drawn(tile("incidents", zoom, row, column).content, zoom, row, column)
        inside = [f for f in everything["incidents"] if area.intersects(shape(f["geometry"]))]
        assert 1 <= len(shown) <= len(inside), zoom
        nearest = min(place.distance(shapely.Point(longitude, latitude)) for place in shown)
        assert nearest <= (east - west) / 4096, zoom


def test_tiles_show_every_feature(tile, drawn, names, everything):
    for name in names:
        assert len(drawn(tile(name).content)) == len(everything[name]), name


def test_tiles_that_do_not_exist_are_not_found(tile, get):
    for zoom, row, column in (
        (23, 0, 0),
        (0, 1, 0),
        (0, 0, 1),
        (3, 8, 0),
        ("x", 0, 0),
        (0, "-1", 0),
        (0, 0, "1.5"),
        (1, "0x1", 0),
    ):
        answer = tile("fixes", zoom, row, column)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert get("/collections/fixes/tiles/WorldCRS84Quad/0/0/0").status_code == 404
    assert get(f"/collections/nothing/tiles/{QUAD}/0/0/0").status_code == 404


def test_bad_parameters_of_tiles_are_named(tile):
    for name, value in (
        ("unknown", "x"),
        ("datetime", "x"),
        ("filter", "("),
        ("filter-lang", "x"),
        ("filter-crs", "x"),
    ):
        answer = tile("incidents", **{name: value})
        assert (answer.status_code, answer.json()["parameter"]) == (400, name)


# tile sets


def test_tile_sets_are_described(api, read, names):
    for name in names:
        document = read(f"/collections/{name}/tiles/{QUAD}")
        assert document["dataType"] == "vector"
        assert document["crs"] == "http://www.opengis.net/def/crs/EPSG/0/3857"
        assert document["tileMatrixSetURI"] == QUAD_URI
        links = {link["rel"]: link for link in document["links"]}
        scheme = api.get(links[f"{RELATIONS}/tiling-scheme"]["href"]).json()
        assert (scheme["id"], scheme["uri"]) == (QUAD, QUAD_URI)
        assert links["item"]["templated"] is True
        assert links["item"]["type"] == MVT
        address = links["item"]["href"].format(tileMatrix=ZOOM, tileRow=ROW, tileCol=COLUMN)
        assert api.get(address).headers["content-type"] == MVT


def test_the_tile_matrix_set_is_that_of_the_standard(read):
    document = read(f"/tileMatrixSets/{QUAD}")
    assert [matrix["id"] for matrix in document["tileMatrices"]] == [str(zoom) for zoom in range(23)]
    for zoom, matrix in enumerate(document["tileMatrices"]):
        assert matrix["scaleDenominator"] == pytest.approx(559082264.028717 / 2**zoom)
        assert matrix["cellSize"] == pytest.approx(156543.033928041 / 2**zoom)
        assert matrix["pointOfOrigin"] == pytest.approx([-20037508.3427892, 20037508.3427892])
        assert matrix["matrixWidth"] == matrix["matrixHeight"] == 2**zoom
        assert (matrix["tileWidth"], matrix["tileHeight"]) == (256, 256)


def test_lists_lead_to_tile_sets_and_how_they_are_cut(api, read, names):
    for name in names:
        document = read(f"/collections/{name}/tiles")
        assert {"self", "alternate"} <= {link["rel"] for link in document["links"]}
        for item in document["tilesets"]:
            assert item["dataType"] == "vector"
            assert item["crs"]
            assert item["tileMatrixSetURI"] == QUAD_URI
            links = {link["rel"]: link["href"] for link in item["links"]}
            assert links["self"].endswith(f"/collections/{name}/tiles/{QUAD}")
            for relation in ("self", f"{RELATIONS}/tiling-scheme"):
                assert api.get(links[relation]).status_code == 200


def test_layers_link_to_their_tile_sets(api, collections):
    for item in collections:
        (link,) = (link for link in item["links"] if link["rel"] == f"{RELATIONS}/tilesets-vector")
        assert api.get(link["href"]).json()["tilesets"]


# time


def test_tiles_of_a_time_show_the_features_of_that_time(tile, drawn, read):
    for text in ("2025-03-01T00:00:00Z/2025-04-01T00:00:00Z", "../2025-02-01T00:00:00Z", "2025-03-02T12:00:00Z"):
        expected = read("/collections/incidents/items", datetime=text)["numberMatched"]
        assert len(drawn(tile("incidents", datetime=text).content)) == expected
    for name in ("areal-units", "streets"):
        assert tile(name, datetime="2025-03-01T00:00:00Z").content == tile(name).content


# Mapbox vector tiles


def test_tiles_carry_the_name_and_the_properties_of_the_layer(tile, read, names, tmp_path):
    path = tmp_path / "tile.mvt"
    for name in names:
        content = tile(name).content
        if not content:
            continue
        path.write_bytes(content)
        assert [row[0] for row in pyogrio.list_layers(f"MVT:{path}")] == [name]
        known = read(f"/collections/{name}/schema")["properties"]
        columns = set(pyogrio.read_dataframe(f"MVT:{path}", read_geometry=False).columns)
        assert columns - {"mvt_id", "id"} <= known.keys(), name
