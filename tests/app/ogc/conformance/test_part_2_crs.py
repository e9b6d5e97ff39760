"""OGC API - Features, Part 2 (18-058r1): coordinate reference systems by reference."""

import random
import re

import numpy as np
import shapely
from pyproj import Transformer
from shapely.geometry import shape

GEOJSON = "application/geo+json"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
UNKNOWN = ["EPSG:4326", "urn:ogc:def:crs:EPSG::4326", f"{EPSG}99999", f"{EPSG}2154", "x", "", CRS84 + "h"]
TOLERANCE = {"degrees": 2e-7, "metres": 0.05}


def systems(collections):
    return [(item["id"], uri) for item in collections for uri in item["crs"]]


def transformer(uri):
    """Gives the coordinates in the order of axes that the system demands."""
    return Transformer.from_crs("OGC:CRS84", "OGC:CRS84" if uri == CRS84 else f"EPSG:{uri.rpartition('/')[2]}")


def unit(uri):
    return "degrees" if uri in {CRS84, f"{EPSG}4326"} else "metres"


def box(uri, west, south, east, north):
    """Returns the corners in a system, a little wider than its curved edges need."""
    corners = [(west, south), (west, north), (east, south), (east, north)]
    moved = [transformer(uri).transform(*corner) for corner in corners]
    first, second = ([position[axis] for position in moved] for axis in (0, 1))
    return ",".join(f"{number:.9f}" for number in (min(first), min(second), max(first), max(second)))


# what is declared


def test_systems_are_named_by_address(collections):
    for _, uri in systems(collections):
        assert re.fullmatch(r"http://www\.opengis\.net/def/crs/(OGC/1\.3/CRS84|EPSG/0/\d+)", uri)


def test_each_layer_lists_its_systems_the_default_among_them(collections):
    for item in collections:
        assert CRS84 in item["crs"], item["id"]
        assert len(item["crs"]) == len(set(item["crs"])) > 1


def test_no_layer_refers_to_a_list_that_is_not_there(read, collections):
    assert "crs" not in read("/collections")
    assert all("#/crs" not in item["crs"] for item in collections)


def test_each_layer_names_the_system_it_is_stored_in(collections):
    for item in collections:
        assert item["storageCrs"] in item["crs"]


# bbox-crs


def test_bbox_crs_is_described(parameters_of, names):
    for name in names:
        told = parameters_of(f"/collections/{name}/items")["bbox-crs"]
        assert (told["in"], told["required"], told["style"], told["explode"]) == ("query", False, "form", False)
        assert (told["schema"]["type"], told["schema"]["format"]) == ("string", "uri")


def test_bbox_crs_takes_every_system_of_the_layer_and_finds_the_same(read, collections, everything):
    draw = random.Random(5)
    for name, uri in systems(collections):
        for _ in range(2):
            west, south = draw.uniform(22.5, 22.6), draw.uniform(57.2, 57.25)
            corners = (west, south, west + 0.08, south + 0.04)
            inside, around = shapely.box(*corners).buffer(-2e-4), shapely.box(*corners).buffer(2e-3)
            found = read(f"/collections/{name}/items", bbox=box(uri, *corners), bbox_crs=uri)["features"]
            ids = {feature["id"] for feature in found}
            for feature in everything[name]:
                geometry = shape(feature["geometry"])
                assert feature["id"] in ids or not inside.intersects(geometry), (name, uri)
                assert feature["id"] not in ids or around.intersects(geometry), (name, uri)


def test_bbox_without_bbox_crs_is_in_longitude_and_latitude(read, names):
    for name in names:
        asked = {"bbox": "22.55,57.21,22.61,57.26"}
        plain, told = (
            read(f"/collections/{name}/items", **asked, **more)["features"] for more in ({}, {"bbox_crs": CRS84})
        )
        assert plain == told


def test_bbox_crs_that_is_not_offered_is_refused(get, names):
    for name in names:
        for uri in UNKNOWN:
            for more in ({"bbox": "22.5,57.2,22.6,57.3"}, {}):
                answer = get(f"/collections/{name}/items", bbox_crs=uri, **more)
                assert (answer.status_code, answer.json()["parameter"]) == (400, "bbox-crs"), uri


# crs


def test_crs_is_described(parameters_of, names):
    for name in names:
        for path in (f"/collections/{name}/items", f"/collections/{name}/items/{{featureId}}"):
            told = parameters_of(path)["crs"]
            assert (told["in"], told["required"], told["style"], told["explode"]) == ("query", False, "form", False)
            assert (told["schema"]["type"], told["schema"]["format"]) == ("string", "uri")


def test_crs_takes_every_system_of_the_layer_and_moves_each_position(get, collections, everything):
    for name, uri in systems(collections):
        move, limit = transformer(uri), TOLERANCE[unit(uri)]
        documents = [get(f"/collections/{name}/items", crs=uri).json()["features"]]
        documents += [
            [get(f"/collections/{name}/items/{feature['id']}", crs=uri).json()] for feature in everything[name][:1]
        ]
        for features in documents:
            originals = {feature["id"]: feature for feature in everything[name]}
            for feature in features[:40]:
                shown = shapely.get_coordinates(shape(feature["geometry"]))
                known = shapely.get_coordinates(shape(originals[feature["id"]]["geometry"]))
                expected = [move.transform(x, y) for x, y in known]
                assert np.allclose(shown, expected, rtol=0, atol=limit), (name, uri)


def test_features_without_crs_are_in_longitude_and_latitude(read, names):
    for name in names:
        plain, told = (read(f"/collections/{name}/items", **more)["features"] for more in ({}, {"crs": CRS84}))
        assert plain == told


def test_crs_that_is_not_offered_is_refused(get, names):
    for name in names:
        for uri in UNKNOWN:
            for path in (f"/collections/{name}/items", f"/collections/{name}/items/1"):
                answer = get(path, crs=uri)
                assert (answer.status_code, answer.json()["parameter"]) == (400, "crs"), uri


def test_every_answer_names_its_system_in_the_header(get, collections, everything):
    for name, uri in systems(collections):
        for path in (
            f"/collections/{name}/items",
            *(f"/collections/{name}/items/{f['id']}" for f in everything[name][:1]),
        ):
            assert get(path, crs=uri).headers["content-crs"] == f"<{uri}>"
    for name in everything:
        assert get(f"/collections/{name}/items").headers["content-crs"] == f"<{CRS84}>"


def test_features_of_any_system_are_geojson(get, collections):
    for name, uri in systems(collections):
        answer = get(f"/collections/{name}/items", crs=uri, limit=1)
        assert answer.headers["content-type"] == GEOJSON
        assert answer.json()["type"] == "FeatureCollection"
