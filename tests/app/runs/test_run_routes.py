import pytest
import shapely
from openapi_spec_validator import validate
from sqlalchemy import text

from app.jobs.worker import Worker

BASE = "/municipalities/town"


def submit(client, kind, parameters=None, **more):
    return client.post(f"{BASE}/runs", json={"kind": kind, "parameters": parameters or {}, **more})


@pytest.fixture
def finished(client, town, database):
    """Ids of one finished run of each kind."""
    asked = {
        "getis-ord": {"cell_m": 200},
        "kernel-density": {"cell_m": 200, "radius_m": 400},
        "beat-allocation": {"plan_name": "Plan A"},
    }
    ids = {kind: submit(client, kind, parameters).json()["id"] for kind, parameters in asked.items()}
    assert Worker(database).run_until_idle() == 3
    return ids


def test_a_run_from_request_to_result(client, town, database):
    answer = submit(client, "getis-ord", {"cell_m": 200}, seed=4)
    assert answer.status_code == 201
    run = answer.json()
    assert answer.headers["location"] == f"{BASE}/runs/{run['id']}"
    assert (run["state"], run["seed"], run["municipality"]) == ("queued", 4, "town")
    assert run["parameters"]["correction"] == "bh"
    assert client.get(f"{BASE}/runs/{run['id']}/result").status_code == 409
    assert client.get(f"{BASE}/runs/{run['id']}/map").status_code == 409
    Worker(database).run_until_idle()
    run = client.get(answer.headers["location"]).json()
    assert (run["state"], run["progress"]) == ("succeeded", 100)
    links = {link["rel"]: link["href"] for link in run["links"]}
    result = client.get(links["result"])
    assert result.headers["content-type"] == "application/geo+json"
    assert len(result.json()["features"]) == run["summary"]["cells"]
    assert client.get(links["map"]).status_code == 200


def test_runs_are_listed_newest_first_a_page_at_a_time(client, finished):
    page = client.get(f"{BASE}/runs", params={"most": 2}).json()
    rest = client.get(f"{BASE}/runs", params={"before": page["next_before"]}).json()
    ids = [run["id"] for run in page["runs"] + rest["runs"]]
    assert ids == sorted(finished.values(), reverse=True)
    assert rest["next_before"] is None
    only = client.get(f"{BASE}/runs", params={"kind": "getis-ord", "state": "succeeded"}).json()["runs"]
    assert [run["id"] for run in only] == [finished["getis-ord"]]


def test_every_kind_has_a_result_and_a_map(client, finished):
    for kind, run_id in finished.items():
        features = client.get(f"{BASE}/runs/{run_id}/result").json()["features"]
        assert features
        assert all(shapely.from_geojson(str(feature["geometry"]).replace("'", '"')).is_valid for feature in features)
        page = client.get(f"{BASE}/runs/{run_id}/map")
        assert page.status_code == 200, (kind, page.text)
        assert page.headers["content-type"].startswith("text/html")
        assert "nonce-" in page.headers["content-security-policy"]
        assert "Town" in page.text


def test_the_latest_results_and_maps(client, finished):
    for layer, kind in (("hot-spots", "getis-ord"), ("densities", "kernel-density")):
        answer = client.get(f"{BASE}/{layer}")
        assert answer.headers["kvart-run"] == str(finished[kind])
        assert answer.json()["numberReturned"] == len(answer.json()["features"])
    part = client.get(f"{BASE}/hot-spots", params={"bbox": "18.51,57.17,18.53,57.19"}).json()["features"]
    assert 0 < len(part) < client.get(f"{BASE}/hot-spots").json()["numberReturned"]
    for topic in ("hot-spots", "density", "beats"):
        assert client.get(f"{BASE}/maps/{topic}").status_code == 200
    assert client.get(f"{BASE}/maps/lighting").status_code == 404


def test_beat_plans_over_http(client, finished):
    plans = client.get(f"{BASE}/beat-plans").json()["beat_plans"]
    assert [plan["name"] for plan in plans] == ["Plan A"]
    plan = client.get(f"{BASE}/beat-plans/{plans[0]['id']}").json()
    assert plan["report"]["figures"]["beats"] == plan["beats"]
    beats = client.get(f"{BASE}/beat-plans/{plan['id']}/beats", params={"limit": 2}).json()
    assert beats["numberReturned"] == 2
    assert {"beat_id", "residents", "workload", "officer_id", "polsby_popper"} <= set(
        beats["features"][0]["properties"]
    )
    assert any(link["rel"] == "next" for link in beats["links"])


def test_the_lighting_map_shows_lights_and_zones(client, town, database):
    with database.inside(town.id) as session:
        session.execute(
            text("""insert into street_light (municipality_id, geom, x, y, lamp_type)
                values (:m, st_point(18.53, 57.19, 4326), 0, 0, 'LED')"""),
            {"m": town.id},
        )
        session.execute(
            text("""insert into street_light_outage (municipality_id, street_light_id, out_from)
                select :m, id, now() - interval '1 day' from street_light"""),
            {"m": town.id},
        )
        session.execute(
            text("""insert into fix (municipality_id, kind, title, geom, status, cost, started_on)
                values (:m, 'lighting', 'A new lamp', st_point(18.53, 57.19, 4326), 'planned', 1200, '2026-01-01')"""),
            {"m": town.id},
        )
    page = client.get(f"{BASE}/maps/lighting")
    assert page.status_code == 200, page.text
    assert "A new lamp" in page.text


def test_a_run_can_be_dismissed_until_it_ends(client, town, database):
    run = submit(client, "getis-ord").json()
    dismissed = client.delete(f"{BASE}/runs/{run['id']}")
    assert (dismissed.status_code, dismissed.json()["state"]) == (200, "dismissed")
    assert client.delete(f"{BASE}/runs/{run['id']}").status_code == 200
    assert Worker(database).run_until_idle() == 0
    done = submit(client, "getis-ord", {"cell_m": 250}).json()
    Worker(database).run_until_idle()
    problem = client.delete(f"{BASE}/runs/{done['id']}")
    assert problem.status_code == 409
    assert "succeeded already" in problem.json()["detail"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"kind": "getis-ord", "parameters": {"cell_m": -5}}, "cell_m"),
        ({"kind": "getis-ord", "parameters": {"cel_m": 5}}, "cel_m"),
        ({"kind": "getis-ord", "parameters": {"origin_m": [1e300, 0]}}, "origin_m"),
        ({"kind": "kernel-density", "parameters": {"radius_m": 1e300}}, "radius_m"),
        ({"kind": "getis-ord", "parameters": {"correction": "holm"}}, "correction"),
        ({"kind": "kernel-density", "parameters": {"sigma_m": 100}}, "quartic kernel takes radius_m"),
        ({"kind": "kernel-density", "parameters": {"kernel": "gaussian", "radius_m": 100}}, "gaussian kernel takes"),
        ({"kind": "getis-ord", "parameters": {"period_from": "2025-02-01", "period_to": "2025-01-01"}}, "period_to"),
        ({"kind": "getis-ord", "parameters": {"categories": ["a\x00b"]}}, "categories"),
        ({"kind": "getis-ord", "parameters": {"study_area": {"type": "Point", "coordinates": [1, 2]}}}, "study_area"),
        ({"kind": "beat-allocation", "parameters": {"min_residents": 9, "max_residents": 3}}, "max_residents"),
        ({"kind": "beat-allocation", "seed": -1}, "seed"),
        ({"kind": "import", "parameters": {}}, "kind"),
        ({"kind": "astrology"}, "kind"),
        ([], "Body"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_name(client, town, body, told):
    answer = client.post(f"{BASE}/runs", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.text
    assert client.get(f"{BASE}/runs").json()["runs"] == []


@pytest.mark.parametrize(
    "address",
    [
        "runs/99",
        "runs/99/result",
        "runs/99/map",
        "runs/0",
        "beat-plans/99",
        "beat-plans/99/beats",
        "maps/weather",
        "hot-spots",
        "densities",
        "maps/hot-spots",
        "maps/beats",
    ],
)
def test_what_is_not_there_is_a_404(client, town, address):
    answer = client.get(f"{BASE}/{address}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_parameter_is_refused(client, town):
    assert client.get(f"{BASE}/runs?limit=3").status_code == 400
    assert client.get(f"{BASE}/runs?most=0").status_code == 400


def test_the_api_document_is_valid_and_has_examples(client):
    document = client.get("/openapi.json").json()
    validate(document)
    body = document["paths"]["/municipalities/{municipality}/runs"]["post"]["requestBody"]["content"][
        "application/json"
    ]
    assert set(body["examples"]) >= {"hot spots", "density", "change", "beats"}
