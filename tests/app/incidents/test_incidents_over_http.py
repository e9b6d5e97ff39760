"""Incidents and categories over HTTP."""

import math

import pytest
from pyproj import Transformer
from sqlalchemy import text


def incident(longitude=22.6, latitude=57.25, **properties):
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
        "properties": {"category": "burglary", "occurred_from": "2026-03-01T21:15:00+02:00", **properties},
    }


def collection(*features):
    return {"type": "FeatureCollection", "features": list(features)}


@pytest.fixture
def address(municipality):
    return f"/municipalities/{municipality}/incidents"


def stored(client, address):
    return client.get(address).json()["numberReturned"]


def test_one_incident_is_stored_and_found_at_its_location(client, address):
    answer = client.post(address, json=incident(occurred_to="2026-03-02T06:00:00+02:00", recorded_area="B1"))
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/geo+json"
    again = client.get(answer.headers["location"])
    assert again.json() == answer.json()
    assert again.json() == {
        "type": "Feature",
        "id": answer.json()["id"],
        "geometry": {"type": "Point", "coordinates": [22.6, 57.25]},
        "properties": {
            "category": "burglary",
            "occurred_from": "2026-03-01T19:15:00+00:00",
            "occurred_to": "2026-03-02T04:00:00+00:00",
            "time_precision": "minute",
            "recorded_area": "B1",
            "weight": None,
            "external_id": None,
            "batch_id": None,
        },
    }


def test_projected_place_is_stored_in_metres(client, address, database):
    client.post(address, json=incident())
    with database.owner_engine.begin() as connection:
        x, y, crs = connection.execute(text("select x, y, working_crs from incident, municipality")).one()
    expected = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(22.6, 57.25)
    assert crs == "EPSG:32634"
    assert (x, y) == pytest.approx(expected, abs=1e-6)


def test_several_incidents_keep_their_order(client, address):
    areas = [f"area {number}" for number in range(50)]
    answer = client.post(address, json=collection(*(incident(recorded_area=area) for area in areas)))
    assert answer.status_code == 201
    assert [feature["properties"]["recorded_area"] for feature in answer.json()["features"]] == areas


def test_pages_end_where_a_feature_ends_in_whatever_letters(client, address):
    areas = ["Šķūņu ☂", "Ķīpsala, {,}", 'Žņēvi "x"', "Ū"]
    client.post(address, json=collection(*(incident(recorded_area=area) for area in areas)))
    for limit in range(1, 6):
        found, following = [], f"{address}?limit={limit}"
        while following:
            page = client.get(following).json()
            found += [feature["properties"]["recorded_area"] for feature in page["features"]]
            assert len(page["features"]) == page["numberReturned"] <= limit
            following = next((link["href"] for link in page.get("links", ()) if link["rel"] == "next"), None)
        assert found == areas


def test_weights_are_kept_as_they_are(client, address):
    weights = [2.5, 1, None, 1e-9, 1e9]
    given = collection(*(incident(weight=weight) for weight in weights), incident())
    for answer in (client.post(address, json=given), client.get(address)):
        assert [feature["properties"]["weight"] for feature in answer.json()["features"]] == [*weights, None]


def test_one_bad_incident_of_several_stores_nothing(client, address):
    answer = client.post(address, json=collection(incident(), incident(longitude=10.0)))
    assert answer.status_code == 422
    assert answer.json()["pointer"] == "features[1].geometry"
    assert stored(client, address) == 0


def test_a_thousand_and_one_incidents_are_refused(client, address):
    answer = client.post(address, json=collection(*[{"type": "Feature"}] * 1001))
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("longitude", "latitude", "reason"),
    [
        (0, 0, "null_island"),
        (181, 57, "not_on_earth"),
        (700_000, 6_000_000, "not_on_earth"),
        (57.25, 22.6, "outside_municipality"),
        (30, 57.25, "outside_municipality"),
    ],
)
def test_impossible_places(client, address, longitude, latitude, reason):
    answer = client.post(address, json=incident(longitude, latitude))
    assert answer.status_code == 422
    assert answer.json()["reason"] == reason
    assert stored(client, address) == 0


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"category": None}, "properties.category"),
        ({"category": " "}, "properties.category"),
        ({"category": "a\x00b"}, "properties.category"),
        ({"category": "x" * 101}, "properties.category"),
        ({"occurred_from": "2026-03-01T21:15:00"}, "properties.occurred_from"),
        ({"occurred_from": "yesterday"}, "properties.occurred_from"),
        ({"occurred_from": "0001-01-01T00:00:00+14:00"}, "properties.occurred_from"),
        ({"occurred_to": "2026-02-01T00:00:00Z"}, "properties"),
        ({"time_precision": "fortnight"}, "properties.time_precision"),
        ({"suspect": "a name"}, "properties.suspect"),
        *(({"weight": wrong}, "properties.weight") for wrong in (0, -1, 1.1e9, True, "2", [2])),
    ],
)
def test_impossible_properties_are_named(client, address, change, member):
    answer = client.post(address, json=incident(**change))
    assert answer.status_code == 422
    assert answer.json()["pointer"].endswith(member)


@pytest.mark.parametrize("coordinates", [[22.6], [22.6, 57.25, 12], ["a", "b"], [], None, [[22.6, 57.25]]])
def test_impossible_coordinates(client, address, coordinates):
    body = incident() | {"geometry": {"type": "Point", "coordinates": coordinates}}
    assert client.post(address, json=body).status_code == 422


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_not_finite(client, address, number):
    point = f'{{"type": "Point", "coordinates": [{number}, 57]}}'
    body = f'{{"type": "Feature", "geometry": {point}, "properties": {{"category": "a"}}}}'
    assert not math.isfinite(float(number))
    weight = body.replace(number, "22.6").replace('"category": "a"', f'"category": "a", "weight": {number}')
    for text_of_body in (body, weight):
        answer = client.post(address, content=text_of_body, headers={"Content-Type": "application/json"})
        assert answer.status_code in {400, 422}


def test_pages_follow_each_other_and_repeat_every_filter(client, address):
    client.post(address, json=collection(*[incident()] * 7, *[incident(category="Theft from car")] * 3))
    page = client.get(address, params={"limit": 3, "category": "burglary", "bbox": "22,57,23,58"})
    found = []
    while page:
        found += [feature["id"] for feature in page.json()["features"]]
        following = [link["href"] for link in page.json()["links"] if link["rel"] == "next"]
        assert all("category=burglary" in href and "bbox=" in href and "limit=3" in href for href in following)
        page = client.get(following[0]) if following else None
    assert len(found) == len(set(found)) == 7
    assert found == sorted(found)


def test_full_last_page_has_no_next_link(client, address):
    client.post(address, json=collection(*[incident()] * 4))
    links = client.get(address, params={"limit": 4}).json()["links"]
    assert [link["rel"] for link in links] == ["self"]


def test_place_filter(client, address):
    client.post(address, json=collection(incident(22.55, 57.22), incident(22.65, 57.28)))
    assert client.get(address, params={"bbox": "22.5,57.2,22.6,57.25"}).json()["numberReturned"] == 1
    assert client.get(address, params={"bbox": "22.65,57.28,22.65,57.28"}).json()["numberReturned"] == 1
    assert client.get(address, params={"bbox": "170,-90,-170,90"}).json()["numberReturned"] == 0
    assert client.get(address, params={"bbox": "22.6,-90,-170,90"}).json()["numberReturned"] == 1


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ("2026-03-01T22:00:00Z", ["window"]),
        ("2026-03-02T04:00:00Z/..", ["window", "late"]),
        ("../2026-03-01T19:15:00Z", ["window"]),
        ("2026-03-03T00:00:00%2B02:00/", ["late"]),
        ("2026-03-02T04:00:01Z/2026-03-04T00:00:00Z", []),
    ],
)
def test_time_filter_meets_the_window_of_an_incident(client, address, span, expected):
    client.post(
        address,
        json=collection(
            incident(recorded_area="window", occurred_to="2026-03-02T06:00:00+02:00"),
            incident(recorded_area="late", occurred_from="2026-03-05T00:00:00Z"),
            incident(recorded_area="never", occurred_from=None),
        ),
    )
    features = client.get(f"{address}?datetime={span}").json()["features"]
    assert [feature["properties"]["recorded_area"] for feature in features] == expected


def test_incident_without_time_has_unknown_precision(client, address):
    answer = client.post(address, json=incident(occurred_from=None))
    assert answer.json()["properties"]["time_precision"] == "unknown"


def test_new_category_joins_the_catalogue_once(client, address, municipality):
    client.post(address, json=collection(incident(category="Theft from car"), incident(category="theft-from-car")))
    found = client.get(f"/municipalities/{municipality}/categories", params={"kind": "incident"}).json()["categories"]
    assert [category["code"] for category in found] == ["theft-from-car"]


def test_catalogue_of_concerns_is_there_from_the_start(client, municipality):
    found = client.get(f"/municipalities/{municipality}/categories", params={"kind": "concern"}).json()["categories"]
    assert len(found) == 17
    assert {"street-lighting", "dark-passage", "other"} <= {category["code"] for category in found}


def test_hostile_texts_come_back_as_they_were_sent(client, address):
    for hostile in ("'; drop table incident; --", '"}]}', "<script>alert(1)</script>", "\\u0041", "🦄 ß"):
        answer = client.post(address, json=incident(recorded_area=hostile))
        assert answer.json()["properties"]["recorded_area"] == hostile
