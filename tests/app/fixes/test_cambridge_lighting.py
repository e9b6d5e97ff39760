"""Lamps and streets of a real city from files to the lighting layer over HTTP."""

import pytest

from app.ingest.municipalities import MunicipalityOptions, import_municipalities
from app.ingest.service import import_file
from app.jobs.worker import Worker


@pytest.mark.real_data
def test_lamps_and_streets_of_cambridge_become_the_lighting_layer(client, database, shared_data):
    folder = shared_data / "cambridge_ma"
    options = MunicipalityOptions(name="Cambridge", code="cambridge", time_zone="America/New_York")
    import_municipalities(database, folder / "city_boundary.geojson", options)
    streets = import_file(database, "cambridge", "streets", folder / "street_centerlines.geojson", source="city")
    lamps = import_file(database, "cambridge", "street-lights", folder / "street_lights.geojson", source="city")
    assert streets.counts.accepted + streets.counts.quarantined == 2643
    assert lamps.counts.accepted + lamps.counts.quarantined == 6117
    asked = {"kind": "lighting", "parameters": {"at": "2026-01-31"}}
    run = client.post("/municipalities/cambridge/runs", json=asked).json()
    Worker(database).run_until_idle()
    done = client.get(f"/municipalities/cambridge/runs/{run['id']}").json()
    assert done["state"] == "succeeded", done["problem"]
    assert {warning["code"] for warning in done["summary"]["warnings"]} == {"no_outage_log"}
    layer = client.get(f"/municipalities/cambridge/runs/{run['id']}/result").json()["features"]
    assert len(layer) == streets.counts.accepted
    metres = {
        name: sum(feature["properties"][f"{name}_m"] for feature in layer) for name in ("lit", "unlit", "unknown")
    }
    assert metres["unknown"] == 0
    assert 0.5 < metres["lit"] / sum(metres.values()) < 0.95
    assert {feature["properties"]["lighting"] for feature in layer} == {"lit", "unlit"}
    map_ = client.get("/municipalities/cambridge/maps/street-lighting")
    assert map_.status_code == 200
    assert "Unlit" in map_.text


@pytest.mark.real_data
def test_lighting_without_events_or_a_day_says_what_to_give(client, database, shared_data):
    folder = shared_data / "cambridge_ma"
    options = MunicipalityOptions(name="Cambridge", code="cambridge", time_zone="America/New_York")
    import_municipalities(database, folder / "city_boundary.geojson", options)
    import_file(database, "cambridge", "streets", folder / "street_centerlines.geojson", source="city")
    run = client.post("/municipalities/cambridge/runs", json={"kind": "lighting"}).json()
    Worker(database).run_until_idle()
    done = client.get(f"/municipalities/cambridge/runs/{run['id']}").json()
    assert done["state"] == "failed"
    assert "at" in done["problem"]["hint"]
