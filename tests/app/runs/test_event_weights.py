"""Weights of single incidents: what a density of weighed incidents is, by sums over single incidents."""

import json

import numpy as np
import pytest
from sqlalchemy import text

from app.analyses import reading
from app.analyses.kinds import ANALYSES
from app.identity.roles import Role
from app.jobs.worker import Worker

BASE = "/municipalities/town"
CATEGORIES = {"robbery": 2.0, "burglary": 0.25}
DENSITY = {"cell_m": 250, "radius_m": 400}
STREETS = {"radius_m": 200, "lixel_m": 50}
VARIANTS = [
    {},
    {"kernel": "gaussian", "radius_m": None, "sigma_m": 150},
    {"kernel": "triangular", "edge_correction": "uniform"},
    {"edge_correction": "diggle", "per_year": True},
    {"adaptive": True},
    {"against": "residents"},
    {"against": "events", "base": {"categories": ["burglary"]}, "measure": "ratio", "normalised": False},
    {"contour_bands": 4},
    {"categories": ["robbery"], "period_from": "2025-03-01"},
]


@pytest.fixture
def weighed(database, town_with_streets):
    """The town with weights of one to seven, as whole numbers, on two incidents in three."""
    give_weights(database, town_with_streets, "case id % 3 when 0 then null else 1 + id % 7 end")
    return town_with_streets


def give_weights(database, town, weight):
    with database.inside(town.id) as session:
        session.execute(text(f"update incident set weight = {weight} where municipality_id = :m"), {"m": town.id})


def repeat_incidents(database, town):
    """Store every incident as often as its weight says, and take the weights away."""
    with database.inside(town.id) as session:
        session.execute(
            text("""insert into incident (municipality_id, category_id, geom, x, y, occurred_from, time_precision)
                select municipality_id, category_id, geom, x, y, occurred_from, time_precision
                from incident, generate_series(2, weight::int) where municipality_id = :m"""),
            {"m": town.id},
        )
    give_weights(database, town, "null")


def computed(database, town, kind, given):
    analysis = ANALYSES[kind]
    parameters = analysis.checked(given)
    with database.inside(town.id) as session:
        found = reading.read_input(session, town, parameters)
        return found, analysis.compute(found, parameters, 0), reading.fingerprint(found)


def figures(result):
    frame = result.layers[0].frame
    named = [name for name in frame.columns if "per_" in name or name == "ratio"]
    return {name: frame[name].astype("float64").to_numpy() for name in named}


def test_quartic_density_is_the_sum_over_incidents(database, weighed):
    _, result, _ = computed(database, weighed, "kernel-density", {**DENSITY, "event_weights": True})
    with database.inside(weighed.id) as session:
        rows = np.array(session.execute(text("select x, y, coalesce(weight, 1) from incident")).all(), dtype=float)
    frame = result.layers[0].frame
    expected = [
        sum(
            weight * 3 / (np.pi * 0.4**2) * max(0.0, 1 - ((x - cell_x) ** 2 + (y - cell_y) ** 2) / 400**2) ** 2
            for x, y, weight in rows
        )
        for cell_x, cell_y in zip(frame["cell_x"], frame["cell_y"], strict=True)
    ]
    assert frame["density_per_km2"].to_numpy() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_incident_of_weight_seven_is_seven_incidents(database, weighed, variant):
    asked = {**DENSITY, **variant}
    _, of_weights, _ = computed(database, weighed, "kernel-density", {**asked, "event_weights": True})
    repeat_incidents(database, weighed)
    _, of_piles, _ = computed(database, weighed, "kernel-density", asked)
    for name, values in figures(of_piles).items():
        assert figures(of_weights)[name] == pytest.approx(values, rel=1e-9, nan_ok=True), name
        assert np.nanmax(np.abs(values)) > 0


@pytest.mark.parametrize("split", ["continuous", "discontinuous"])
def test_along_streets_too(database, weighed, split):
    asked = {**STREETS, "equal_split": split, "tolerance_m": 500}
    _, of_weights, _ = computed(database, weighed, "network-density", {**asked, "event_weights": True})
    repeat_incidents(database, weighed)
    _, of_piles, _ = computed(database, weighed, "network-density", asked)
    (values,) = figures(of_piles).values()
    assert figures(of_weights)["density_per_km"] == pytest.approx(values, rel=1e-9)


def test_weights_of_categories_are_multiplied(database, weighed):
    asked = {**DENSITY, "event_weights": True, "category_weights": CATEGORIES}
    found, _, _ = computed(database, weighed, "kernel-density", asked)
    with database.inside(weighed.id) as session:
        rows = session.execute(
            text("select x, y, c.code, i.weight from incident i join category c on c.id = i.category_id")
        ).all()
    expected = [(x, y, CATEGORIES[code] * (1.0 if weight is None else weight)) for x, y, code, weight in rows]
    assert sorted(zip(found.x, found.y, found.weights, strict=True)) == sorted(expected)


def test_incidents_without_weights_count_for_one(database, town_with_streets):
    asked = {**DENSITY, "event_weights": True}
    found, weighed_alike, _ = computed(database, town_with_streets, "kernel-density", asked)
    _, plain, _ = computed(database, town_with_streets, "kernel-density", DENSITY)
    assert set(found.weights) == {1.0}
    assert figures(weighed_alike)["density_per_km2"] == pytest.approx(figures(plain)["density_per_km2"], rel=1e-12)


def test_other_events_are_weighed_alike_where_they_are_incidents(database, weighed):
    with database.inside(weighed.id) as session:
        session.execute(
            text("""insert into report (municipality_id, geom, x, y, reported_by, reported_at)
                select municipality_id, geom, x, y, 'citizen', now() from incident
                where municipality_id = :m limit 50"""),
            {"m": weighed.id},
        )
    asked = {**DENSITY, "event_weights": True, "against": "events", "base": {}}
    found, _, _ = computed(database, weighed, "kernel-density", asked)
    assert found.base.weights.tolist() == found.weights.tolist()
    found, _, _ = computed(database, weighed, "kernel-density", asked | {"base": {"events": "reports"}})
    assert found.base.weights is None
    assert len(found.base.x) == 50


def test_fingerprint_knows_the_weights_that_entered(database, weighed):
    def taken(given):
        return computed(database, weighed, "kernel-density", {**DENSITY, **given})[2]

    asked = [{"event_weights": True}, {"event_weights": True, "against": "events", "base": {}}, {}]
    before = [taken(given) for given in asked]
    assert before == [taken(given) for given in asked]
    give_weights(database, weighed, "1 + id % 5")
    after = [taken(given) for given in asked]
    assert [one == other for one, other in zip(before, after, strict=True)] == [False, False, True]


def test_run_over_http_says_that_incidents_were_weighed(client, client_as, database, weighed):
    given = {**DENSITY, "event_weights": True, "category_weights": CATEGORIES, "per_year": True}
    asked = client.post(f"{BASE}/runs", json={"kind": "kernel-density", "parameters": given})
    assert asked.status_code == 201, asked.text
    Worker(database).run_until_idle()
    run = client.get(asked.headers["location"]).json()
    assert run["state"] == "succeeded", run["problem"]
    assert run["parameters"]["event_weights"] is True
    told = run["summary"]
    (notice,) = [notice for notice in told["warnings"] if notice["code"] == "weighted_events"]
    assert "its own weight times the weight of its category" in notice["message"]
    assert "760 events count for" in notice["message"]
    assert told["parameters"]["weighted"] is True
    assert told["parameters"]["unit"] == "weighted events per km2 and year"
    document = client.get(f"{BASE}/runs/{run['id']}/map").text
    assert "Weighted events per km² and year" in document
    assert "its own weight times the weight of its category" in document
    report = client.get(f"{BASE}/runs/{run['id']}/report.pdf")
    assert (report.status_code, report.headers["content-type"]) == (200, "application/pdf")
    seen = client_as(Role.MUNICIPALITY, "town").get(f"{BASE}/runs/{run['id']}/result").json()["features"][0]
    assert "weight" not in json.dumps(seen)


def test_process_describes_and_takes_weights_of_incidents(client, database, weighed):
    root = f"{BASE}/ogc/processes"
    for kind, given in (("kernel-density", DENSITY), ("network-density", STREETS)):
        described = client.get(f"{root}/{kind}").json()["inputs"]["event_weights"]
        assert described["schema"]["type"] == "boolean"
        assert "weight" in described["description"]
        inputs = {"inputs": {**given, "event_weights": True}}
        assert client.post(f"{root}/{kind}/execution", json=inputs).status_code == 201
        Worker(database).run_until_idle()
    refused = client.post(f"{root}/getis-ord/execution", json={"inputs": {"event_weights": True}})
    assert refused.status_code in {400, 422}
    assert "no other analysis weighs events" in refused.text
