"""OGC API - Tiles: what a tile holds, and how tiles are found."""

import pyogrio
import pytest
from sqlalchemy import text

from app.identity.roles import Role

QUAD = "tiles/WebMercatorQuad"
MVT = "application/vnd.mapbox-vector-tile"
RELATIONS = "http://www.opengis.net/def/rel/ogc/1.0"


@pytest.fixture
def drawn(tmp_path):
    """Reads a tile as GDAL does, in Web Mercator."""

    def read(content, z, y, x):
        path = tmp_path / "tile.mvt"
        path.write_bytes(content)
        return pyogrio.read_dataframe(f"MVT:{path}", X=str(x), Y=str(y), Z=str(z)).to_crs(4326)

    return read


def test_tiles_hold_the_features(client, root, read, drawn):
    """/req/core/tc-op, tc-success, /req/mvt/content, /req/datetime/*."""
    z, y, x = 5, 9, 18
    address = f"{root}/collections"
    answer = client.get(f"{address}/incidents/{QUAD}/{z}/{y}/{x}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, MVT)
    frame = drawn(answer.content, z, y, x)
    assert len(frame) == 250
    assert {"category", "occurred_from", "external_id"} <= set(frame.columns)
    row = frame[frame["external_id"] == "I7"].iloc[0]
    assert (row.geometry.x, row.geometry.y) == pytest.approx((22.5528, 57.2114), abs=5e-3)
    assert row["occurred_from"] == "2025-01-08T12:00:00Z"
    again = client.get(f"{address}/incidents/{QUAD}/{z}/{y}/{x}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    fewer = client.get(
        f"{address}/incidents/{QUAD}/{z}/{y}/{x}?datetime=2025-01-02/2025-01-04&filter=occurred_from IS NOT NULL"
    )
    assert len(drawn(fewer.content, z, y, x)) == 3
    for name, n in (("areal-units", 25), ("danger-zones", 2), ("beats", 1)):
        assert len(drawn(client.get(f"{address}/{name}/{QUAD}/{z}/{y}/{x}").content, z, y, x)) == n, name
    assert client.get(f"{address}/incidents/{QUAD}/{z}/0/0").content == b""
    assert len(drawn(client.get(f"{address}/hot-spots/{QUAD}/11/625/1152").content, 11, 625, 1152)) == 100
    assert "kvart-truncated" not in answer.headers


def test_coarse_callers_get_coarse_tiles(client_as, root, town, drawn):
    engineer = client_as(Role.MUNICIPALITY, town)
    tile = engineer.get(f"{root}/collections/incidents/{QUAD}/5/9/18").content
    frame = drawn(tile, 5, 9, 18)
    assert len(frame) == 167
    assert "external_id" not in frame.columns
    assert engineer.get(f"{root}/collections/incidents/{QUAD}/5/9/18?filter=external_id='I7'").status_code == 400


def test_tile_sets_lead_to_tiles(client, root, read, database):
    """/req/tileset/*, /req/tilesets-list/*, /req/geodata-tilesets/*."""
    for item in read("/collections")["collections"]:
        listed = client.get(
            next(link["href"] for link in item["links"] if link["rel"] == f"{RELATIONS}/tilesets-vector")
        )
        (tileset,) = listed.json()["tilesets"]
        document = client.get(tileset["links"][0]["href"]).json()
        assert (document["dataType"], document["layers"][0]["id"]) == ("vector", item["id"])
        template = next(link for link in document["links"] if link["rel"] == "item")
        assert (template["type"], template["templated"]) == (MVT, True)
        address = template["href"].format(tileMatrix=0, tileRow=0, tileCol=0)
        assert client.get(address).status_code == 200
        tilejson = read(f"/collections/{item['id']}/{QUAD}", f="tilejson")
        assert client.get(tilejson["tiles"][0].format(z=0, y=0, x=0)).status_code == 200
        assert tilejson["vector_layers"][0]["id"] == item["id"]
    definition = read("/tileMatrixSets/WebMercatorQuad")
    assert definition["tileMatrices"][0]["scaleDenominator"] == pytest.approx(559082264.028717)
    assert read("/tileMatrixSets")["tileMatrixSets"][0]["uri"] == definition["uri"]
    for path in ("/tileMatrixSets", f"/collections/fixes/{QUAD}", "/collections/fixes/tiles"):
        assert client.get(f"{root}{path}?f=html").headers["content-type"].startswith("text/html")
    with database.owner_engine.begin() as connection:
        looks = connection.scalar(
            text(
                "select what -> 'looks' from audit_event where what ->> 'collection' = 'incidents' "
                "and what -> 'looks' <> '[]' order by id desc limit 1"
            )
        )
    assert looks[0]["number"] == 250


def test_tiles_that_do_not_exist(strict_get):
    """/req/core/tc-error."""
    for tile in ("23/0/0", "1/2/0", "1/0/2", "x/0/0", "-1/0/0", "1/0/99999999999"):
        assert strict_get(f"/collections/fixes/{QUAD}/{tile}").status_code == 404, tile
    assert strict_get("/collections/fixes/tiles/WorldCRS84Quad").status_code == 404
    bad = strict_get(f"/collections/fixes/{QUAD}/0/0/0?colour=red")
    assert (bad.status_code, bad.json()["parameter"]) == (400, "colour")
