"""Nobody finds an exact place: every public output is the same wherever in a catchment the place is."""

import json
import math
import re

import numpy as np
import pytest
from sqlalchemy import text

from app.identity.roles import Role
from app.languages.phrases import phrase
from tests.app.public_places.conftest import metres
from tests.app.test_rights_matrix import OPERATIONS, PARTS

TOWN = "/municipalities/talsi"
PLACE = (22.6123, 57.2567)
PUBLIC_ID = 4242
NAMED = PARTS | dict.fromkeys(("id", "feature", "service_request_id"), str(PUBLIC_ID))
OF_NO_PLACE = {"service", "sessions", "account", "my-report", "my-officer"}
"""Whether the service is up, who is signed in, what the holder of a secret link is told, and officers by beat."""

OF_THE_PAGE = re.compile(r'nonce="[^"]+"|(?:content|value)="[\w-]{43}"|"timeStamp":\s*"[^"]+"')
"""Anew for every page."""

FIX = """
insert into fix (municipality_id, id, danger_zone_id, kind, title, geom, status)
overriding system value values (:m, :id, :zone, 'lighting', 'Lamps', st_point(22.615, 57.26, 4326), 'planned')
"""


def in_same_catchment(database, talsi, number):
    """Return places that are nearest to the snap point of PLACE, far from one another."""
    with database.inside(talsi) as session:
        points = np.array(session.execute(text("select st_x(place), st_y(place) from snap_point")).all())
    chance = np.random.default_rng(3)
    tried = np.vstack([PLACE, PLACE + chance.uniform(-0.006, 0.006, (400, 2))])
    nearest = np.linalg.norm(metres(tried)[:, None, :] - points[None, :, :], axis=2).argmin(axis=1)
    return tried[nearest == nearest[0]][:number]


def addresses_of_the_public():
    """Return every address that anybody may read, of a danger zone and a fix of the number that is public."""
    return [
        operation.path.format(municipality="talsi", **NAMED)
        for operation in OPERATIONS
        if operation.method == "get"
        and operation.right.precision_for(Role.PUBLIC) is not None
        and operation.right.collection not in OF_NO_PLACE
    ]


def questions_around(longitude, latitude):
    """Return what can be asked of a place, as addresses with parameters: boxes, filters, tiles."""
    items, requests = f"{TOWN}/ogc/collections/danger-zones/items", f"{TOWN}/open311/v2/requests.json"
    for size in (0.00001, 0.0005):
        west, south, east, north = longitude - size, latitude - size, longitude + size, latitude + size
        box = f"{west:.7f},{south:.7f},{east:.7f},{north:.7f}"
        yield f"{TOWN}/danger-zones", {"bbox": box, "limit": "1"}
        yield items, {"bbox": box}
        yield items, {"filter": f"S_INTERSECTS(geometry, BBOX({box}))", "filter-lang": "cql2-text"}
        yield requests, {"bbox": box, "start_date": "2026-03-01T00:00:00Z"}
    for zoom in (14, 18):
        row = int((1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2 * 2**zoom)
        column = int((longitude + 180) / 360 * 2**zoom)
        for layer in ("danger-zones", "fixes"):
            yield f"{TOWN}/ogc/collections/{layer}/tiles/WebMercatorQuad/{zoom}/{row}/{column}", {}


def outputs(anonymous, places):
    """Return whatever the public can ask about a zone, with questions around every one of the places."""
    zones, items = f"{TOWN}/danger-zones", f"{TOWN}/ogc/collections/danger-zones/items"
    asked = [(zones, {}), (f"{zones}/{PUBLIC_ID}", {}), (f"{TOWN}/public-counts", {})]
    asked += [(f"{TOWN}/open311/v2/requests.json", {"extensions": "true", "start_date": "2026-03-01T00:00:00Z"})]
    asked += [(f"{TOWN}/open311/v2/requests/{PUBLIC_ID}.xml", {}), ("/reported/talsi", {"language": "lv"})]
    asked += [(address, {}) for address in addresses_of_the_public()]
    asked += [question for place in places for question in questions_around(*place)]
    asked += [
        (address, {"datetime": span})
        for address in (zones, items)
        for span in ("../2026-03-14T22:00:00Z", "2026-03-15T00:00:00Z/..", "../2026-02-01T00:00:00Z")
    ]
    asked += [(items, {"filter": "status = 'open'", "filter-lang": "cql2-text"})]
    told = [anonymous.get(address, params=params) for address, params in asked]
    for longitude, latitude in places:
        point = {"type": "Point", "coordinates": [longitude, latitude]}
        told.append(anonymous.post(f"{zones}/similar", json={"geometry": point, "category": "traffic"}))
    return [(answer.status_code, OF_THE_PAGE.sub("", answer.text)) for answer in told]


@pytest.fixture
def unlimited(application, settings):
    """The service without a limit of questions."""
    server = settings.server.model_copy(update={"public_reads_per_minute": 10**6})
    application.state.settings = settings.model_copy(update={"server": server})


@pytest.fixture
def zone(database, talsi, built, add_zone):
    zone = add_zone(PLACE)
    with database.inside(talsi) as session:
        session.execute(text("update danger_zone set public_id = :id"), {"id": PUBLIC_ID})
        session.execute(text(FIX), {"m": talsi, "id": PUBLIC_ID, "zone": zone})
    return zone


def test_public_outputs_together_do_not_tell_where_in_the_catchment_a_zone_is(
    anonymous, database, talsi, zone, change_zone, unlimited
):
    places = in_same_catchment(database, talsi, 4)
    assert np.linalg.norm(metres(places)[0] - metres(places)[1:], axis=1).max() > 50
    first = outputs(anonymous, places)
    assert {status for status, _ in first[:6]} == {200}
    refused = [told for status, told in first if status not in {200, 204, 404}]
    assert refused == []
    assert all("traffic" in told or phrase("lv", "concern.traffic") in told for _, told in first[3:6])
    own = len(addresses_of_the_public()) + 6
    assert not any(f"{PLACE[0]:.4f}" in told or "No. 7" in told or "2026-03-14" in told for _, told in first[:own])
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


def test_a_zone_that_is_not_public_answers_nothing(anonymous, zone, change_zone, built, unlimited):
    change_zone(zone, "status = 'in_moderation'")
    shown = anonymous.get(f"{TOWN}/danger-zones").text, anonymous.get("/reported/talsi").text
    assert '"features":[]' in shown[0].replace(" ", "")
    assert "<tr>" not in shown[1]
    hidden = outputs(anonymous, [PLACE])
    change_zone(zone, "geom = st_setsrid(st_point(22.52, 57.21), 4326)")
    assert outputs(anonymous, [PLACE]) == hidden
    assert anonymous.post(f"{TOWN}/danger-zones/{PUBLIC_ID}/me-too", json={}).status_code == 404
    body = {"type": "Feature", "geometry": {"type": "Point", "coordinates": PLACE}}
    body["properties"] = {"category": "traffic", "reported_by": "citizen", "join_similar": True}
    answer = anonymous.post(f"{TOWN}/danger-zones", json=body)
    assert (answer.status_code, answer.json()["geometry"]["coordinates"]) == (201, list(PLACE))
    assert answer.json()["id"] > 2**20
    assert answer.headers["location"].startswith("/my-report/")
