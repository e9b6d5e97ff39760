import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sqlalchemy import text

from app.areal_units.counting import events_per_unit
from app.beats import service
from app.beats.schemas import AllocationParameters
from app.database.feature_collections import FeatureQuery
from app.errors import NotFoundError


def plan_of(database, town, run):
    with database.inside(town.id) as session:
        plan_id = service.plan_of_run(session, town, run.id)
        return service.get_plan(session, town, plan_id)


def test_a_plan_covers_every_unit_once_and_gives_each_beat_an_officer(database, town, do_run):
    run = do_run("beat-allocation", {"plan_name": "Plan A", "effective_from": "2026-01-01"}, seed=3)
    assert run.state == "succeeded", run.problem
    plan = plan_of(database, town, run)
    assert (plan["name"], plan["version"], plan["status"], plan["run_id"]) == ("Plan A", 1, "draft", run.id)
    assert run.summary["beat_plan_id"] == plan["id"]
    assert run.summary["events_counted"] == 760 - run.summary["excluded"].get("events_outside_units", 0)
    assert plan["beats"] == plan["within_bounds"] == run.summary["figures"]["beats"]
    assert plan["report"]["figures"]["workload_gap"] >= 0
    with database.inside(town.id) as session:
        assignments = service.unit_assignments(session, town, plan["id"])
        page = service.beat_features(session, town, plan["id"], FeatureQuery())
        frame = service.beat_frame(session, town, plan["id"])
        dates = session.execute(text("select distinct valid_from::text, valid_to from officer_assignment")).all()
    assert sorted(assignments["unit_id"]) == [f"{row:02}-{column:02}" for row in range(12) for column in range(12)]
    beats = json.loads(f"[{page.features}]")
    assert len(beats) == plan["beats"]
    assert sum(beat["properties"]["residents"] for beat in beats) == 144 * 165
    assert all(3000 <= beat["properties"]["residents"] <= 7000 for beat in beats)
    assert len({beat["properties"]["officer_id"] for beat in beats}) == min(6, len(beats)) == plan["beats"]
    assert plan["vacancies"] == 0
    assert all(shapely.from_geojson(json.dumps(beat["geometry"])).is_valid for beat in beats)
    assert frame["units"].sum() == 144
    assert frame["workload"].sum() == run.summary["events_counted"]
    assert dates == [("2026-01-01", None)]


def test_the_next_plan_stays_close_to_the_current_one(database, town, do_run):
    first = do_run("beat-allocation", {"plan_name": "Plan A"})
    current = first.summary["beat_plan_id"]
    second = do_run("beat-allocation", {"plan_name": "Plan A", "current_plan_id": current})
    assert second.state == "succeeded", second.problem
    plan = plan_of(database, town, second)
    assert plan["version"] == 2
    assert plan["report"]["figures"]["kept_share"] > 0.9
    assert plan["report"]["officers"]["kept_share"] > 0.9
    before, was = plan["report"]["before"], plan_of(database, town, first)["report"]["figures"]
    assert {name: before[name] for name in ("beats", "within_bounds", "residents_max")} == {
        name: was[name] for name in ("beats", "within_bounds", "residents_max")
    }
    assert before["workload_cv"] == pytest.approx(was["workload_cv"])


def test_no_beat_crosses_a_hard_boundary(database, town, do_run):
    run = do_run("beat-allocation", {"hard_boundary": "district", "officers": False, "workload": "residents"})
    assert run.state == "succeeded", run.problem
    plan = plan_of(database, town, run)
    assert plan["vacancies"] == plan["beats"]
    with database.inside(town.id) as session:
        assignments = service.unit_assignments(session, town, plan["id"])
    north = assignments["unit_id"].str[:2].astype(int) >= 6
    assert set(assignments["beat_id"][north]).isdisjoint(assignments["beat_id"][~north])


def test_beats_out_of_bounds_are_stored_with_their_reason(database, town, do_run):
    with database.inside(town.id) as session:
        session.execute(text("update areal_unit set residents = 9000 where external_id = '05-05'"))
    run = do_run("beat-allocation")
    plan = plan_of(database, town, run)
    assert plan["within_bounds"] == plan["beats"] - 1
    assert plan["vacancies"] == max(0, plan["beats"] - 6)
    with database.inside(town.id) as session:
        frame = service.beat_frame(session, town, plan["id"])
    assert frame.loc[~frame["within_bounds"].astype(bool), "reason"].tolist() == ["unit_over_max"]


@pytest.mark.parametrize(
    ("change", "parameters", "message"),
    [
        ("update areal_unit set residents = null where external_id = '03-04'", {}, "03-04"),
        ("delete from areal_unit", {}, "has no areal units"),
        ("select 1", {"units_source": "wards"}, "not of the source 'wards'"),
        ("select 1", {"hard_boundary": "parish"}, "No areal unit has the attribute 'parish'"),
        ("select 1", {"current_plan_id": 77}, "no beat plan 77"),
        ("select 1", {"categories": ["arson"]}, "no category 'arson'"),
        ("select 1", {"beats": 100}, "100"),
    ],
)
def test_what_cannot_be_divided_fails_with_what_to_do(database, town, do_run, change, parameters, message):
    with database.inside(town.id) as session:
        session.execute(text(change))
    run = do_run("beat-allocation", parameters)
    assert run.state == "failed"
    assert message in run.problem["detail"]
    assert run.problem["hint"]
    with database.inside(town.id) as session:
        assert service.list_plans(session, town) == []


def test_several_sources_of_units_have_to_be_told_apart(database, town, do_run):
    with database.inside(town.id) as session:
        session.execute(
            text("""insert into areal_unit (municipality_id, geom, residents)
                values (:m, st_makeenvelope(22, 57, 22.1, 57.1, 4326), 5)"""),
            {"m": town.id},
        )
    run = do_run("beat-allocation")
    assert "several sources" in run.problem["detail"]
    assert "blocks" in run.problem["hint"]
    assert do_run("beat-allocation", {"units_source": "blocks"}).state == "succeeded"


def test_without_officers_every_beat_is_vacant_and_the_summary_says_so(database, town, do_run):
    with database.inside(town.id) as session:
        session.execute(text("delete from officer"))
    run = do_run("beat-allocation")
    assert run.state == "succeeded", run.problem
    assert "no_officers" in [warning["code"] for warning in run.summary["warnings"]]


def test_the_same_input_and_seed_give_the_same_plan_and_fingerprint(database, town, do_run):
    one, two = (do_run("beat-allocation", {"plan_name": name}, seed=5) for name in ("One", "Two"))
    assert one.input_fingerprint == two.input_fingerprint
    with database.inside(town.id) as session:
        assert service.input_fingerprint(session, town, AllocationParameters()) == one.input_fingerprint
        plans = [service.unit_assignments(session, town, run.summary["beat_plan_id"]) for run in (one, two)]
        assert service.latest_plan(session, town) == two.summary["beat_plan_id"]
    assert plans[0].equals(plans[1])


def test_without_a_plan_there_is_nothing_to_draw(database, town):
    with database.inside(town.id) as session, pytest.raises(NotFoundError, match="has no beat plan"):
        service.latest_plan(session, town)


def test_events_on_a_border_count_once_and_point_units_take_the_nearest():
    squares = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10)], crs="EPSG:32634")
    x, y = np.array([5.0, 10.0, 15.0, 99.0]), np.array([5.0, 5.0, 5.0, 5.0])
    counts, outside = events_per_unit(squares, x, y)
    assert (counts.tolist(), outside) == ([2, 1], 1)
    points = gpd.GeoDataFrame(geometry=shapely.points([[0, 0], [20, 0]]), crs="EPSG:32634")
    counts, outside = events_per_unit(points, x, y)
    assert (counts.tolist(), outside) == ([2, 2], 0)
