import json

import numpy as np
import pytest
import shapely
from sqlalchemy import text

from app.analyses import service as analyses
from app.analyses.parameters.hot_spots import HotSpotParameters
from app.database.feature_collections import Bbox
from app.errors import InvalidInputError, TooLargeError
from app.events.schemas import EventSelection
from app.events.service import polygon_of_geojson, read_events
from app.hot_spots import service


def features_of(database, town, run, bbox=None):
    with database.inside(town.id) as session:
        page = service.result_features(session, town, run.kind, run.id, service.whole_result(bbox))
    return json.loads(f"[{page.features}]")


def test_hot_spots_of_all_incidents(database, town, do_run):
    run = do_run("getis-ord", {"cell_m": 100})
    assert run.state == "succeeded", run.problem
    assert run.summary["n_used"] == 760
    assert run.summary["cells"] == 900
    assert run.summary["period"] == "2025-01-01 to 2025-12-31"
    assert (run.summary["first_day"], run.summary["last_day"]) == ("2025-01-01", "2025-12-31")
    assert run.seed is None
    features = features_of(database, town, run)
    assert len(features) == 900
    hottest = max(features, key=lambda feature: feature["properties"]["gi_z"])
    properties = hottest["properties"]
    assert properties["gi_bin"] == 3
    assert 0 <= properties["p_value"] <= properties["q_value"] <= 0.01
    assert abs(properties["cell_x"] - 350_700) <= 100
    assert sum(feature["properties"]["count"] for feature in features) == 760
    shape = shapely.from_geojson(json.dumps(hottest["geometry"]))
    assert shape.is_valid
    assert shapely.is_ccw(shape.exterior)


def test_density_of_one_category_and_half_a_year(database, town, do_run):
    parameters = {
        "kernel": "gaussian",
        "sigma_m": 200,
        "cell_m": 100,
        "categories": "robbery",
        "period_from": "2025-01-01",
        "period_to": "2025-06-30",
        "source": "records",
    }
    run = do_run("kernel-density", parameters)
    assert run.state == "succeeded", run.problem
    assert run.parameters["categories"] == ["robbery"]
    assert run.summary["excluded"]["no_time"] == 3
    assert 80 < run.summary["n_used"] < 170
    features = features_of(database, town, run)
    peak = max(feature["properties"]["density_per_km2"] for feature in features)
    assert peak > 20
    with database.inside(town.id) as session:
        frame = service.result_frame(session, town, run.kind, run.id)
    assert frame["density_per_km2"].max() == peak
    assert frame.crs == "EPSG:4326"
    assert len(frame) == run.summary["cells"] == len(features)


def test_the_days_of_a_period_are_those_of_the_municipality(database, town):
    with database.inside(town.id) as session:
        session.execute(text("delete from incident"))
        session.execute(
            text("""insert into incident (municipality_id, geom, x, y, occurred_from, time_precision)
                select :m, st_point(22.5, 57.2, 4326), n, -n, time, 'minute' from unnest(cast(:times as timestamptz[]))
                    with ordinality as v(time, n)"""),
            {"m": town.id, "times": ["2025-03-09 22:30Z", "2025-03-10 21:30Z", "2025-03-10 22:30Z"]},
        )
        day = EventSelection(period_from="2025-03-10", period_to="2025-03-10")
        events = read_events(session, town, day)
    assert events.x.tolist() == [2.0, 1.0]
    assert events.y.tolist() == [-2.0, -1.0]
    assert events.period == "2025-03-10 to 2025-03-10"


def test_a_study_area_of_ones_own(database, town, do_run):
    west, south, east, north = town.bounds
    half = shapely.box(west, south, (west + east) / 2, north)
    run = do_run("getis-ord", {"cell_m": 250, "study_area": json.loads(shapely.to_geojson(half))})
    assert run.state == "succeeded", run.problem
    assert 72 <= run.summary["cells"] <= 110
    assert run.summary["excluded"]["outside"] > 200
    assert run.summary["n_used"] + run.summary["excluded"]["outside"] == 760


def test_a_part_of_a_result_can_be_read_by_bbox(database, town, do_run):
    run = do_run("getis-ord", {"cell_m": 250})
    cell = features_of(database, town, run)[0]
    west, south, east, north = shapely.from_geojson(json.dumps(cell["geometry"])).bounds
    middle = Bbox(
        west + (east - west) / 3, south + (north - south) / 3, east - (east - west) / 3, north - (north - south) / 3
    )
    part = features_of(database, town, run, middle)
    assert cell["id"] in [feature["id"] for feature in part]
    assert len(part) <= 4


def test_point_masses_can_be_left_out(database, town, do_run):
    with database.inside(town.id) as session:
        session.execute(
            text("""insert into incident (municipality_id, geom, x, y, time_precision)
                select :m, st_point(22.5, 57.2, 4326), 352000.5, 6342000.5, 'unknown' from generate_series(1, 300)"""),
            {"m": town.id},
        )
    kept = do_run("getis-ord", {"cell_m": 250})
    assert "point_mass" in [warning["code"] for warning in kept.summary["warnings"]]
    left_out = do_run("getis-ord", {"cell_m": 250, "exclude_point_masses": True})
    assert left_out.summary["excluded"]["point_mass"] == 300
    assert left_out.summary["n_used"] == 760
    assert "point_mass_excluded" in [warning["code"] for warning in left_out.summary["warnings"]]
    assert kept.input_fingerprint != left_out.input_fingerprint


def test_the_fingerprint_tells_the_same_input_from_another(database, town, do_run):
    run = do_run("getis-ord", {"cell_m": 250})
    with database.inside(town.id) as session:
        parameters = HotSpotParameters(cell_m=500)
        assert analyses.input_fingerprint(session, town, parameters) == run.input_fingerprint
        session.execute(text("delete from incident where id = (select min(id) from incident)"))
        assert analyses.input_fingerprint(session, town, parameters) != run.input_fingerprint


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"categories": ["arson"]}, "no category 'arson'"),
        ({"source": "elsewhere"}, "no source 'elsewhere'"),
        ({"period_from": "2031-01-01"}, "No incidents of Town match"),
        ({"events": "reports"}, "No reports of Town match"),
    ],
)
def test_a_selection_that_finds_nothing_fails_with_what_to_do(do_run, parameters, message):
    run = do_run("getis-ord", parameters)
    assert run.state == "failed"
    assert message in run.problem["detail"]
    assert run.problem["hint"]


def test_a_study_area_elsewhere_fails_the_run(do_run):
    area = {"type": "Polygon", "coordinates": [[[10, 50], [10.1, 50], [10.1, 50.1], [10, 50]]]}
    run = do_run("getis-ord", {"cell_m": 500, "study_area": area})
    assert run.state == "failed"
    assert run.problem["type"] == "urn:kvart:problem:empty_input"


def test_a_study_area_that_cannot_be_projected_fails_the_run(do_run):
    ring = [[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]
    run = do_run("getis-ord", {"cell_m": 500, "study_area": {"type": "Polygon", "coordinates": [ring]}})
    assert run.state == "failed"
    assert "cannot be projected" in run.problem["detail"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"type": "Point", "coordinates": [1, 2]}, "not a polygon"),
        ({"type": "Polygon"}, "not a GeoJSON geometry"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}, "not valid"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [500, 0], [500, 9], [0, 0]]]}, "reaches from"),
    ],
)
def test_what_cannot_be_a_study_area_is_refused(document, message):
    with pytest.raises(InvalidInputError, match=message):
        polygon_of_geojson(document)


def test_a_study_area_of_too_many_vertices_is_refused():
    angles = np.linspace(0, 2 * np.pi, 100_100)
    ring = np.column_stack([10 + np.cos(angles), 50 + np.sin(angles)]).tolist()
    with pytest.raises(TooLargeError):
        polygon_of_geojson({"type": "Polygon", "coordinates": [[*ring[:-1], ring[0]]]})
