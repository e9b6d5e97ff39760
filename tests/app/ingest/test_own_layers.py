"""A layer of Kvart that comes back to its own municipality stores no row twice and takes nothing back."""

import pytest
from import_figures import counts

from app.errors import ImportRefusedError

ITEMS = "/municipalities/talsi/ogc/collections/danger-zones/items"
ZONES = "code,category,status,lon,lat,reporters,merged_into\n" + "".join(
    f"{code},traffic,{status},22.6{n},57.24,{n},{merged}\n"
    for n, (code, status, merged) in enumerate((("A", "open", ""), ("5", "duplicate", "A"), ("1", "open", "")), start=1)
)
WORDS = "Cars, far too fast."
SOURCE = {"source": "council", "columns": {"external_id": "code"}}
BY_SUPPLIER = {"external_id": "external_id"}


@pytest.fixture
def layer(take_in, client, rows, tmp_path):
    """Return a file of the layer of danger zones: three of a supplier and, where asked for, one born here."""
    take_in(ZONES, "danger-zones", **SOURCE)
    [(first,)] = rows("select id from danger_zone where external_id = 'A'")

    def fetch(form, *, born_here=False):
        if born_here:
            place = {"type": "Point", "coordinates": [22.65, 57.25]}
            zone = {"category": "traffic", "reported_by": "municipality"}
            body = {"type": "Feature", "geometry": place, "properties": zone}
            assert client.post("/municipalities/talsi/danger-zones", json=body).status_code == 201
        told = {"contact": "ann@example.org", "description": WORDS}
        assert client.post(f"/municipalities/talsi/danger-zones/{first}/me-too", json=told).status_code == 201
        path = tmp_path / f"layer.{form}"
        path.write_bytes(client.get(ITEMS, params={"f": form}).content)
        return path

    return fetch


FOUND = """
    select z.external_id, z.status, z.reporters, t.external_id from danger_zone z
    left join danger_zone t on t.id = z.merged_into order by z.id
"""


@pytest.mark.parametrize("form", ["geojson", "csv", "gpkg", "parquet"])
def test_a_layer_under_another_source_is_refused(form, layer, take_in, rows):
    path = layer(form, born_here=True)
    before = rows(FOUND)
    for options in ({}, {"columns": BY_SUPPLIER}):
        with pytest.raises(ImportRefusedError, match="layer of this very municipality: 4 of its rows"):
            take_in(path, "danger-zones", source="kvart", **options)
    with pytest.raises(ImportRefusedError, match="1 of its rows are stored already and are not of this source"):
        take_in(path, "danger-zones", source="council", columns=BY_SUPPLIER)
    assert rows(FOUND) == before


@pytest.mark.parametrize("form", ["geojson", "csv"])
def test_a_layer_under_its_source_corrects_rows_and_nothing_else(form, layer, take_in, rows):
    path = layer(form)
    before = rows(FOUND)
    assert before[0][2] == 2
    with pytest.raises(ImportRefusedError, match="its rows are stored already"):
        take_in(path, "danger-zones", source="council", columns={"external_id": "id"})
    options = {"source": "council", "columns": BY_SUPPLIER}
    assert WORDS in path.read_text()
    take_in(path, "danger-zones", **options)
    assert rows(FOUND) == before
    assert rows("select description from danger_zone") == [(None,)] * 3, "the words go with the report"
    path.write_text(path.read_text().replace("22.63", "22.64"))
    assert counts(take_in(path, "danger-zones", **options)) == (0, 1, 2, 0)
    assert rows(FOUND) == before


def test_a_layer_of_another_municipality_is_taken_in_again_and_again(layer, take_in, rows, empty):
    path = layer("geojson", born_here=True)
    for _ in range(2):
        report = take_in(path, "danger-zones", source="kvart", municipality="other")
    assert counts(report) == (0, 0, 4, 0)
    assert rows("select count(*) from danger_zone") == [(8,)]
