"""Bad input of beats over HTTP: named row, unit or officer, what to do, a problem document, and nothing stored."""

import pytest
from small_town import BLOCKS, SIDE_M, place, square
from sqlalchemy import text

from app.jobs.worker import Worker

BASE = "/municipalities/town"


@pytest.fixture
def ask(client, database, town):
    """Ask for a run over HTTP, do it, and return it as the answer shows it."""

    def do(kind="beat-allocation", **parameters):
        answer = client.post(f"{BASE}/runs", json={"kind": kind, "parameters": parameters})
        assert answer.status_code == 201, answer.text
        Worker(database).run_until_idle()
        return client.get(f"{BASE}/runs/{answer.json()['id']}").json()

    return do


@pytest.fixture
def hand_in(client, database, town):
    """Import a file over HTTP; return its run and the rows that were refused."""

    def do(kind, name, content):
        files = {"file": (name, content)}
        answer = client.post(f"{BASE}/imports", files=files, data={"kind": kind, "source": "file"})
        assert answer.status_code == 201, answer.text
        Worker(database).run_until_idle()
        run = client.get(answer.headers["Location"]).json()
        return run, client.get(f"{BASE}/imports/{run['id']}/quarantine").json()

    return do


def changed(database, town, statement, **values):
    with database.inside(town.id) as session:
        session.execute(text(statement), values)


def refused(client, run, *told):
    """A run that failed with a problem that names what is at fault, and left no plan."""
    assert run["state"] == "failed"
    problem = run["problem"]
    assert problem["status"] == 422, problem
    for words in told:
        assert words in problem["detail"], problem["detail"]
    assert problem["hint"]
    assert problem["type"].startswith("urn:kvart:problem:")
    assert client.get(f"{BASE}/beat-plans").json()["beat_plans"] == []


def test_units_that_overlap_are_named_with_how_much(client, database, town, ask):
    shape = square(2 * SIDE_M, 2 * SIDE_M, 2 * SIDE_M).wkb
    statement = "update areal_unit set geom = st_geomfromwkb(:shape, 4326) where external_id = '02-02'"
    changed(database, town, statement, shape=shape)
    refused(client, ask(workload="residents"), "'02-02'", "overlap by 62,", "3 pairs of units overlap")


def test_a_unit_without_residents_is_named_with_its_row(client, database, town, ask):
    changed(database, town, "update areal_unit set residents = null where external_id = '03-04'")
    refused(client, ask(workload="residents"), "Unit '03-04' (row 41) has no value", "1 unit concerned")


@pytest.mark.parametrize("beats", [1, 3, 8, 1_000_000])
def test_a_number_of_beats_that_does_not_fit_is_told_with_the_range_that_does(client, ask, beats):
    refused(client, ask(workload="residents", beats=beats), f"{beats} beats do not fit", "there can be 4 to 7 beats")


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"hard_boundary": "parish"}, "'parish'"),
        ({"workload_terms": [{"kind": "attribute", "attribute": "calls"}]}, "'calls'"),
        ({"officer_conditions": {"languages": {"ro": "speakers"}}}, "'speakers'"),
        ({"hard_boundary": "district", "conditions": {"locked_units": {"00-00": "A", "11-11": "A"}}}, "'A'"),
        ({"conditions": {"locked_units": {"00-00": "A", "11-11": "A"}, "barriers": "middle"}}, "'A'"),
        ({"conditions": {"locked_beats": ["B1"]}}, "B1"),
        ({"officer_conditions": {"fixed": [["100", "B001"], ["100", "B002"]]}}, "twice for officer '100'"),
        ({"officer_conditions": {"fixed": [["100", "B001"]], "forbidden": [["100", "B001"]]}}, "both locked"),
    ],
)
def test_what_does_not_exist_or_contradicts_itself_is_named(client, ask, parameters, told):
    conditions = parameters.get("conditions", {})
    if conditions.get("barriers") == "middle":
        side = BLOCKS * SIDE_M
        line = [place(side / 2, -50.0), place(side / 2, side + 50.0)]
        conditions["barriers"] = [{"type": "LineString", "coordinates": line}]
    refused(client, ask(**{"workload": "residents"} | parameters), told)


@pytest.mark.parametrize(
    ("parameters", "pointer"),
    [
        ({"min_residents": 7000, "max_residents": 3000}, "min_residents"),
        ({"min_residents": 0}, "min_residents"),
        ({"beats": 0}, "beats"),
        ({"snap_m": -1}, "snap_m"),
        ({"conditions": {"locked": {}}}, "locked"),
        ({"workload_terms": [{"kind": "attribute"}]}, "attribute"),
        ({"workload_terms": [{"weight": -1}]}, "weight"),
        ({"workload_terms": [{"hours": [22, 25]}]}, "hours"),
        ({"workload_terms": [{"hours": [5, 5]}]}, "there is no hour"),
        ({"workload_terms": [{"weekdays": ["friday"]}]}, "weekdays"),
        ({"workload_terms": [{"kind": "area", "hours": [22, 6]}]}, "a selection of events"),
        ({"time_budget_s": 0}, "time_budget_s"),
        ({"evenness": 2}, "evenness"),
    ],
)
def test_parameters_that_cannot_be_are_refused_before_anything_runs(client, town, parameters, pointer):
    answer = client.post(f"{BASE}/runs", json={"kind": "beat-allocation", "parameters": parameters})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert pointer in answer.text


def test_rows_of_units_that_cannot_be_are_quarantined_by_line(hand_in):
    shape = square(0, 0, SIDE_M).wkt
    corners = [place(x, y) for x, y in ((0, 0), (90, 90), (90, 0), (0, 90), (0, 0))]
    bow_tie = f"POLYGON(({', '.join(f'{lon} {lat}' for lon, lat in corners)}))"
    rows = [("A", "-5", shape), ("B", "many", shape), ("", "5", shape), ("C", "5", shape), ("C", "6", shape),
            ("D", "7", bow_tie)]  # fmt: skip
    lines = [f'{unit},{residents},"{wkt}"' for unit, residents, wkt in rows]
    run, found = hand_in("areal-units", "units.csv", "\n".join(["unit_id,residents,wkt", *lines]) + "\n")
    assert run["state"] == "succeeded", run["problem"]
    told = {row["line"]: " ".join(reason["message"] for reason in row["reasons"]) for row in found["rows"]}
    assert {2, 3, 4} <= told.keys(), told
    assert "-5" in told[2]
    assert "many" in told[3]
    assert {5, 6} & told.keys(), told
    assert 7 in told, told


def test_officers_whose_station_has_no_place_are_named_and_others_take_it_from_a_colleague(
    hand_in, ask, database, town
):
    content = "badge,station,lon,lat\n201,North,{},{}\n202,North,,\n203,Nowhere,,\n".format(*place(100.0, 100.0))
    run, found = hand_in("officers", "officers.csv", content)
    assert run["state"] == "succeeded", run["problem"]
    told = [warning["message"] for warning in run["summary"]["warnings"] if warning["code"] == "stations_without_place"]
    assert len(told) == 1, (run["summary"], found)
    assert "203 (Nowhere)" in told[0]
    assert "202" not in told[0]
    plan = ask(workload="residents")
    warned = [warning for warning in plan["summary"]["warnings"] if warning["code"] == "stations_without_place"]
    assert "203 (Nowhere)" in warned[0]["message"]
    away = ask(workload="residents", officer_conditions={"fixed": [["202", "B001"]]})
    assert away["state"] == "succeeded", away["problem"]
