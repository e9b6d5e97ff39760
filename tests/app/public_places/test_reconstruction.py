"""Nobody finds an exact place: every public output is the same wherever in a catchment the place is."""

import json

import numpy as np
import pytest
from sqlalchemy import text

from tests.app.public_places.conftest import metres

TOWN = "/municipalities/talsi"
PLACE = (22.6123, 57.2567)
PUBLIC_ID = 4242


def in_same_catchment(database, talsi, number):
    """Return places that are nearest to the snap point of PLACE, far from one another."""
    with database.inside(talsi) as session:
        points = np.array(session.execute(text("select st_x(place), st_y(place) from snap_point")).all())
    chance = np.random.default_rng(3)
    tried = np.vstack([PLACE, PLACE + chance.uniform(-0.006, 0.006, (400, 2))])
    nearest = np.linalg.norm(metres(tried)[:, None, :] - points[None, :, :], axis=2).argmin(axis=1)
    return tried[nearest == nearest[0]][:number]


def outputs(anonymous, places):
    """Return whatever the public can ask about a zone, with questions around every one of the places."""
    zones, open311 = f"{TOWN}/danger-zones", f"{TOWN}/open311/v2/requests"
    asked = [(zones, {}), (f"{zones}/{PUBLIC_ID}", {}), (f"{TOWN}/public-counts", {})]
    asked += [(f"{open311}.json", {"extensions": "true"}), (f"{open311}/{PUBLIC_ID}.xml", {})]
    for longitude, latitude in places:
        for size in (0.00001, 0.0005):
            box = f"{longitude - size:.7f},{latitude - size:.7f},{longitude + size:.7f},{latitude + size:.7f}"
            asked += [(zones, {"bbox": box, "limit": "1"}), (f"{open311}.json", {"bbox": box})]
    asked += [
        (zones, {"datetime": span})
        for span in ("../2026-03-14T22:00:00Z", "2026-03-15T00:00:00Z/..", "../2026-02-01T00:00:00Z")
    ]
    told = [anonymous.get(address, params=params) for address, params in asked]
    for longitude, latitude in places:
        point = {"type": "Point", "coordinates": [longitude, latitude]}
        told.append(anonymous.post(f"{zones}/similar", json={"geometry": point, "category": "traffic"}))
    return [(answer.status_code, answer.text) for answer in told]


@pytest.fixture
def zone(database, talsi, built, add_zone):
    zone = add_zone(PLACE)
    with database.inside(talsi) as session:
        session.execute(text("update danger_zone set public_id = :id"), {"id": PUBLIC_ID})
    return zone


def test_public_outputs_together_do_not_tell_where_in_the_catchment_a_zone_is(
    anonymous, database, talsi, zone, change_zone
):
    places = in_same_catchment(database, talsi, 4)
    assert np.linalg.norm(metres(places)[0] - metres(places)[1:], axis=1).max() > 50
    first = outputs(anonymous, places)
    assert {status for status, _ in first} == {200}
    assert not any(f"{PLACE[0]:.4f}" in told or "No. 7" in told or "2026-03-14" in told for _, told in first[:5])
    for place in places[1:]:
        change_zone(zone, f"geom = st_setsrid(st_point({place[0]}, {place[1]}), 4326)")
        assert outputs(anonymous, places) == first


def test_who_joins_a_zone_learns_its_public_place_only(anonymous, zone):
    shown = anonymous.get(f"{TOWN}/danger-zones/{PUBLIC_ID}").json()["geometry"]["coordinates"]
    joined = anonymous.post(f"{TOWN}/danger-zones/{PUBLIC_ID}/me-too", json={})
    assert joined.status_code == 201, joined.text
    (link,) = joined.json()["links"]
    held = anonymous.get(f"{link['href']}/data").json()
    assert np.allclose(held["report"]["geometry"]["coordinates"], shown, atol=1e-6)
    assert "No. 7" not in json.dumps(held)


def test_a_zone_that_is_not_public_answers_nothing(anonymous, zone, change_zone, built):
    change_zone(zone, "status = 'in_moderation'")
    told = [text for _, text in outputs(anonymous, [PLACE])]
    assert not any("traffic" in answer for answer in told)
    assert anonymous.post(f"{TOWN}/danger-zones/{PUBLIC_ID}/me-too", json={}).status_code == 404
    body = {"type": "Feature", "geometry": {"type": "Point", "coordinates": PLACE}}
    body["properties"] = {"category": "traffic", "reported_by": "citizen", "join_similar": True}
    answer = anonymous.post(f"{TOWN}/danger-zones", json=body)
    assert (answer.status_code, answer.json()["geometry"]["coordinates"]) == (201, list(PLACE))
    assert answer.json()["id"] > 2**20
    assert answer.headers["location"].startswith("/my-report/")
