"""OGC API - Features, Part 2: coordinate reference systems by reference."""

import pytest
from pyproj import Transformer
from sqlalchemy import text

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
ITEMS = "/collections/incidents/items"


def test_systems_are_declared(read):
    """/req/crs/fc-md-crs-list, fc-md-storageCrs, fc-md-storageCrs-valid-value."""
    for item in read("/collections")["collections"]:
        assert item["crs"] == [CRS84, f"{EPSG}4326", f"{EPSG}3857", f"{EPSG}32634"]
        assert item["storageCrs"] in item["crs"]


@pytest.mark.parametrize("code", [4326, 3857, 32634])
def test_features_come_in_the_system_asked_for(client, root, read, code):
    """/req/crs/fc-crs-action, fc-crs-default-value, ogc-crs-header, ogc-crs-header-value, geojson."""
    shown = read(f"{ITEMS}/7")["geometry"]["coordinates"]
    uri = f"{EPSG}{code}"
    expected = Transformer.from_crs("OGC:CRS84", f"EPSG:{code}").transform(*shown)
    for path in (ITEMS, f"{ITEMS}/7"):
        answer = client.get(f"{root}{path}", params={"crs": uri})
        assert answer.headers["content-crs"] == f"<{uri}>"
        document = answer.json()
        feature = document if "geometry" in document else next(f for f in document["features"] if f["id"] == 7)
        assert feature["geometry"]["coordinates"] == pytest.approx(expected, abs=2e-3 if code != 4326 else 1e-7)
        assert client.get(f"{root}{path}").headers["content-crs"] == f"<{CRS84}>"


@pytest.mark.parametrize("code", [4326, 3857, 32634])
def test_rectangles_in_any_system_find_the_same(client, root, read, code):
    """/req/crs/fc-bbox-crs-definition, -valid-value, -action, -default-value; next links keep both systems."""
    transformer = Transformer.from_crs("OGC:CRS84", f"EPSG:{code}")
    corners = [transformer.transform(22.5501, 57.2101), transformer.transform(22.6501, 57.2601)]
    box = ",".join(str(number) for corner in corners for number in corner)
    asked = {"bbox": box, "bbox-crs": f"{EPSG}{code}", "limit": "50", "crs": f"{EPSG}3857"}
    first = client.get(f"{root}{ITEMS}", params=asked).json()
    following = next(link["href"] for link in first["links"] if link["rel"] == "next")
    second = client.get(following)
    assert second.headers["content-crs"] == f"<{EPSG}3857>"
    assert second.json()["features"][0]["geometry"]["coordinates"][0] > 1e6
    straight = read(ITEMS, bbox="22.5501,57.2101,22.6501,57.2601")["numberMatched"]
    assert abs(first["numberMatched"] - straight) <= (0 if code == 4326 else 2)
    assert first["numberMatched"] > 100


def test_northing_first_where_the_system_says_so(client, root, read, database):
    """Latvia's EPSG:3059 has its northing first."""
    with database.owner_engine.begin() as connection:
        connection.execute(text("update municipality set working_crs = 'EPSG:3059'"))
    assert f"{EPSG}3059" in read("/collections/fixes")["crs"]
    north, east = read("/collections/fixes/items/1", crs=f"{EPSG}3059")["geometry"]["coordinates"]
    assert (north, east) == pytest.approx(
        Transformer.from_crs("OGC:CRS84", "EPSG:3059").transform(22.6, 57.25), abs=2e-3
    )
    assert north > 300_000
    box = f"{north - 5},{east - 5},{north + 5},{east + 5}"
    assert read("/collections/fixes/items", bbox=box, bbox_crs=f"{EPSG}3059")["numberMatched"] == 2


@pytest.mark.parametrize("box", ["1e300,1,2e300,3", "5,1,2,3", "1,1,1e12,1e12"])
def test_rectangles_beyond_a_system_are_refused(strict_get, box):
    """/req/crs/fc-bbox-crs-valid-value."""
    answer = strict_get(f"{ITEMS}?bbox={box}&bbox-crs={EPSG}32634")
    assert (answer.status_code, answer.json()["parameter"]) == (400, "bbox")


def test_municipality_without_a_code_of_its_system(read, database):
    wkt = 'PROJCRS["x",BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",ELLIPSOID["WGS 84",6378137,298.257223563]]],CONVERSION["c",METHOD["Transverse Mercator",ID["EPSG",9807]],PARAMETER["Latitude of natural origin",57,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["Longitude of natural origin",22,ANGLEUNIT["degree",0.0174532925199433]],PARAMETER["Scale factor at natural origin",1,SCALEUNIT["unity",1]],PARAMETER["False easting",0,LENGTHUNIT["metre",1]],PARAMETER["False northing",0,LENGTHUNIT["metre",1]]],CS[Cartesian,2],AXIS["easting",east],AXIS["northing",north],LENGTHUNIT["metre",1]]'  # noqa: E501
    with database.owner_engine.begin() as connection:
        connection.execute(text("update municipality set working_crs = :wkt"), {"wkt": wkt})
    assert len(read("/collections/fixes")["crs"]) == 3
