"""What made QGIS, GDAL and others read too little, too slowly or wrongly elsewhere; each trap is a test."""

import itertools

import pytest

from app.database import feature_figures

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
ITEMS = "/collections/incidents/items"
WIDE = "57.2,22.5,57.3,22.7"


def following(document):
    return next((link["href"] for link in document["links"] if link["rel"] == "next"), None)


def test_the_description_is_linked_with_the_exact_type(api, read):
    """Clients look for this very media type, and read a 3.1 document wrongly where a 3.0 document is promised."""
    (link,) = (link for link in read()["links"] if link["rel"] == "service-desc")
    assert link["type"] == "application/vnd.oai.openapi+json;version=3.0"
    answer = api.get(link["href"], headers={"Accept": link["type"]})
    assert answer.headers["content-type"] == link["type"]
    assert answer.json()["openapi"] == "3.0.3"
    assert api.get("/openapi.json").json()["openapi"].startswith("3.1")


def test_qgis_finds_the_largest_page_in_the_components(description):
    """Else it pages by 100."""
    limit = description["components"]["parameters"]["limit"]
    assert limit["name"] == "limit"
    assert (limit["style"], limit["explode"]) == ("form", False)
    assert (limit["schema"]["default"], limit["schema"]["maximum"]) == (1000, 10_000)
    for path, operations in description["paths"].items():
        if path.endswith("/items"):
            assert {"$ref": "#/components/parameters/limit"} in operations["get"]["parameters"], path


def test_gdal_finds_what_the_service_filters_by(description):
    """Else it fetches everything and filters itself: properties as parameters, and the language under its old name."""
    parameters = description["components"]["parameters"]
    assert parameters["filter-lang"]["schema"]["enum"] == ["cql2-text", "cql-text", "cql2-json"]
    told = description["paths"][ITEMS]["get"]["parameters"]
    assert {"category", "external_id", "occurred_from"} <= {item.get("name") for item in told}
    assert all(item["in"] == "query" for item in told if item.get("name") == "category")


def test_qgis_finds_the_classes_by_which_it_filters_on_the_server(read):
    """From 3.32 on it asks for these names."""
    declared = set(read("/conformance")["conformsTo"])
    cql2 = "http://www.opengis.net/spec/cql2/1.0/conf"
    assert {f"{cql2}/{name}" for name in ("cql2-text", "basic-cql2", "basic-spatial-operators")} <= declared
    assert "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter" in declared


def test_next_pages_keep_every_parameter(api, root):
    """Else GDAL mixes degrees and metres silently."""
    asked = {
        "crs": f"{EPSG}3857",
        "bbox": WIDE,
        "bbox-crs": f"{EPSG}4326",
        "filter": "S_INTERSECTS(geometry,BBOX(57,22,58,23)) AND NOT external_id LIKE 'I9%'",
        "filter-lang": "cql-text",
        "filter-crs": f"{EPSG}4326",
        "datetime": "2025-01-10T00:00:00Z/..",
        "category": "burglary",
    }
    whole = api.get(f"{root}{ITEMS}", params=asked).json()["features"]
    pages, address = [], api.get(f"{root}{ITEMS}", params={**asked, "limit": 20})
    while True:
        assert address.headers["content-crs"] == f"<{EPSG}3857>"
        document = address.json()
        pages.append(document["features"])
        link = following(document)
        if link is None:
            break
        assert all(name in link for name in asked)
        address = api.get(link)
    assert len(pages) >= 3
    assert list(itertools.chain.from_iterable(pages)) == whole


@pytest.mark.parametrize("limit", [10_001, 10**9, 10**17])
def test_a_page_that_is_too_large_is_clamped(read, limit):
    assert read(ITEMS, limit=limit)["numberReturned"] == 250


def test_a_count_that_takes_too_long_is_estimated_and_says_so(read, api, monkeypatch):
    """And later pages repeat it, so that a progress bar does not jump."""
    monkeypatch.setattr(feature_figures, "_answer_within", lambda *_: None)
    document = read(ITEMS, limit=100, filter="external_id LIKE 'I1%'")
    assert document["numberMatchedIsEstimate"] is True
    assert document["numberMatched"] >= 0
    monkeypatch.undo()
    second = api.get(following(document)).json()
    assert (second["numberMatched"], second["numberMatchedIsEstimate"]) == (document["numberMatched"], True)
    exact = read(ITEMS, limit=100, filter="external_id LIKE 'I1%'")
    assert "numberMatchedIsEstimate" not in exact
    assert exact["numberMatched"] == 111


def test_axes_are_in_the_order_of_the_system(api, root):
    """EPSG:4326 has its latitude first, CRS84 its longitude."""
    for uri, first in ((f"{EPSG}4326", 57), ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", 22)):
        answer = api.get(f"{root}{ITEMS}/7", params={"crs": uri})
        assert answer.headers["content-crs"] == f"<{uri}>"
        assert int(answer.json()["geometry"]["coordinates"][0]) == first


def test_layers_name_the_system_they_are_stored_in(read):
    for item in read("/collections")["collections"]:
        assert item["storageCrs"] == item["crs"][0] == "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


def test_the_processes_are_described_for_those_who_may_use_them(api, root, description):
    assert "/processes/{processID}/execution" in description["paths"]
    known = description["components"]["parameters"]["processID"]["schema"]["enum"]
    assert known == [process["id"] for process in api.get(f"{root}/processes").json()["processes"]]
    anonymous = type(api)(api.app)
    anonymous.portal = api.portal
    public = anonymous.get(f"{root}/api").json()["paths"]
    assert "/processes" in public
    assert not [path for path in public if path.startswith("/jobs") or path.endswith("/execution")]
