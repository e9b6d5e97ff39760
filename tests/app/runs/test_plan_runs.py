"""Runs that draw a plan anew, five from compact to even, and officers for a draft; conditions are kept."""

import pytest
from small_town import BLOCKS, SIDE_M, place
from sqlalchemy import text

from app.beats import service


def units_of(database, town, plan_id):
    with database.inside(town.id) as session:
        return dict(service.unit_assignments(session, town, plan_id).itertuples(index=False))


def officers_of(database, town, plan_id):
    with database.inside(town.id) as session:
        frame = service.beat_frame(session, town, plan_id)
    return dict(zip(frame["beat_id"], frame["officer_id"], strict=True))


@pytest.fixture
def first(do_run):
    """A plan by residents."""
    run = do_run("beat-allocation", {"workload": "residents"}, seed=1)
    assert run.state == "succeeded", run.problem
    return run.summary["beat_plan_id"]


def test_redraw_changes_only_what_is_wrong(database, town, do_run, first):
    before = units_of(database, town, first)
    crowded = before["05-05"]
    with database.inside(town.id) as session:
        session.execute(text("update areal_unit set residents = residents + 2500 where external_id = '05-05'"))
    run = do_run("beat-redraw", {"current_plan_id": first, "workload": "residents"})
    assert run.state == "succeeded", run.problem
    after = units_of(database, town, run.summary["beat_plan_id"])
    moved = {unit for unit in before if before[unit] != after[unit]}
    assert moved
    assert crowded in {before[unit] for unit in moved}
    assert run.summary["figures"]["kept_share"] > 0.7
    full = do_run(
        "beat-redraw", {"current_plan_id": first, "method": "full", "continuity": 0.01, "workload": "residents"}
    )
    assert full.state == "succeeded", full.problem


def test_conditions_are_kept(database, town, do_run, first):
    river = [place(1500.0, -50.0), place(1500.0, 3050.0)]
    conditions = {
        "barriers": [{"type": "LineString", "coordinates": river}],
        "locked_units": {"00-00": "Harbour", "11-11": "Hill"},
        "forbidden_borders": [["00-00", "00-01"]],
    }
    run = do_run("beat-allocation", {"workload": "residents", "conditions": conditions, "time_budget_s": 60})
    assert run.state == "succeeded", run.problem
    found = units_of(database, town, run.summary["beat_plan_id"])
    assert (found["00-00"], found["11-11"]) == ("Harbour", "Hill")
    west = {beat for unit, beat in found.items() if int(unit[3:]) < 6}
    assert west.isdisjoint({beat for unit, beat in found.items() if int(unit[3:]) >= 6})


def test_five_plans_from_compact_to_even(database, town, do_run):
    run = do_run("trade-off", {"workload": "events", "plan_name": "Choice"})
    assert run.state == "succeeded", run.problem
    points = run.summary["points"]
    assert [point["evenness"] for point in points] == [0, 0.25, 0.5, 0.75, 1]
    with database.inside(town.id) as session:
        names = {plan["id"]: plan["name"] for plan in service.list_plans(session, town)}
    assert names[points[0]["beat_plan_id"]] == "Choice, most compact"
    assert names[points[4]["beat_plan_id"]] == "Choice, most even"


def test_officers_of_a_draft_are_chosen_anew_with_pairs_that_must_and_must_not_be(database, town, do_run, first):
    held = officers_of(database, town, first)
    beats = sorted(held)
    conditions = {"fixed": [["105", beats[0]]], "forbidden": [[held[beats[1]], beats[1]]]}
    run = do_run("officer-assignment", {"plan_id": first, "conditions": conditions})
    assert run.state == "succeeded", run.problem
    after = officers_of(database, town, first)
    assert after[beats[0]] == "105"
    assert after[beats[1]] not in (None, held[beats[1]])
    assert run.summary["officers"]["officer_of_beat"] == after
    with database.inside(town.id) as session:
        assert service.plan_of_run(session, town, run.id) == first


def test_officers_of_a_plan_that_is_no_draft_stay(database, town, do_run, first):
    with database.inside(town.id) as session:
        session.execute(text("update beat_plan set status = 'proposed'"))
    run = do_run("officer-assignment", {"plan_id": first})
    assert (run.state, run.problem["status"]) == ("failed", 409)
    assert "only a draft" in run.problem["detail"]


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"conditions": {"bridges": [["00-00", "77-77"]]}}, "77-77"),
        ({"conditions": {"locked_beats": ["B77"]}}, "B77"),
        ({"officer_conditions": {"languages": {"lv": "speakers_lv"}}}, "speakers_lv"),
        ({"officer_conditions": {"fixed": [["999", "B001"]]}}, "999"),
        ({"conditions": {"forbidden_borders": [["00-00", "00-00"]]}}, "00-00"),
        (
            {"conditions": {"bridges": [["00-00", "05-05"]], "forbidden_borders": [["05-05", "00-00"]]}},
            "both bridged and forbidden",
        ),
        ({"conditions": {"locked_units": {"77-77": "B1"}}}, "77-77"),
        ({"hard_boundary": "district", "conditions": {"locked_units": {"00-00": "A", "11-11": "A"}}}, "'A'"),
        ({"hard_boundary": "county"}, "county"),
        ({"units_source": "elsewhere"}, "elsewhere"),
        ({"beats": 40}, "40"),
        ({"workload_terms": [{"categories": "arson"}]}, "arson"),
        ({"workload_terms": [{"kind": "attribute", "attribute": "calls"}]}, "calls"),
        ({"workload_terms": [{"kind": "attribute", "attribute": "district"}]}, "district"),
    ],
)
def test_condition_that_names_nothing_fails_with_what_to_do(do_run, town, parameters, told):
    run = do_run("beat-allocation", {"workload": "residents"} | parameters)
    assert run.state == "failed"
    assert told in run.problem["detail"]
    assert run.problem["hint"]


def test_several_kinds_of_work_make_up_the_shares_of_their_weights(database, town, do_run):
    with database.inside(town.id) as session:
        session.execute(
            text("""update areal_unit set attributes = attributes || jsonb_build_object('calls',
                case when external_id < '06' then 30 else 10 end)""")
        )
    terms = [
        {"categories": "burglary", "weight": 2},
        {"kind": "attribute", "attribute": "calls"},
        {"kind": "area", "weight": 0.5},
        {"kind": "residents", "weight": 0.5},
    ]
    run = do_run("beat-allocation", {"workload_terms": terms})
    assert run.state == "succeeded", run.problem
    assert run.summary["workload"] == "several"
    told = run.summary["workload_terms"]
    assert [term["what"] for term in told] == ["incidents (burglary)", "calls", "area, km2", "residents"]
    assert (told[1]["total"], told[2]["total"]) == (2880, pytest.approx(9.0, rel=1e-3))
    assert run.summary["parameters"]["workload"].startswith("2 incidents (burglary) + 1 calls")
    with database.inside(town.id) as session:
        frame = service.beat_frame(session, town, run.summary["beat_plan_id"])
    assert frame["workload"].sum() == pytest.approx(144)


def test_a_unit_without_the_amount_of_work_is_named(database, town, do_run):
    with database.inside(town.id) as session:
        session.execute(
            text("""update areal_unit set attributes = attributes || jsonb_build_object('calls',
                case when external_id = '05-05' then -1 else 10 end)""")
        )
    run = do_run("beat-allocation", {"workload_terms": [{"kind": "attribute", "attribute": "calls"}]})
    assert (run.state, run.problem["status"]) == ("failed", 422)
    assert "'05-05' has '-1'" in run.problem["detail"]


def test_work_counts_at_the_hours_and_days_asked_for(database, town, do_run):
    noon = {"hours": [11, 14]}
    terms = [noon, {"hours": [22, 6], "weight": 0.1}, {**noon, "weekdays": ["sat", "sun"]}, {"kind": "residents"}]
    run = do_run("beat-allocation", {"workload_terms": terms})
    assert run.state == "succeeded", run.problem
    told = run.summary["workload_terms"]
    assert [term["what"] for term in told][:3] == [
        "incidents, 11 to 14 h", "incidents, 22 to 6 h", "incidents, sat/sun, 11 to 14 h",
    ]  # fmt: skip
    assert told[1]["total"] == 0
    assert 0.8 * 2 / 7 < told[2]["total"] / told[0]["total"] < 1.2 * 2 / 7
    assert 740 < told[0]["total"] <= 753
    assert next(count for name, count in run.summary["excluded"].items() if name.startswith("workload_1")) >= 7


def test_ways_to_events_are_work(database, town, do_run):
    with database.inside(town.id) as session:
        session.execute(text("delete from officer where external_id <> '100'"))
    run = do_run("beat-allocation", {"workload_terms": [{"kind": "travel", "categories": "burglary"}]})
    assert run.state == "succeeded", run.problem
    [told] = run.summary["workload_terms"]
    assert told["what"] == "km to incidents (burglary)"
    assert 400 < told["total"] < 1400
    with database.inside(town.id) as session:
        frame = service.beat_frame(session, town, run.summary["beat_plan_id"])
        session.execute(text("update officer set station_geom = null"))
    assert frame["workload"].sum() == pytest.approx(told["total"])
    without = do_run("beat-allocation", {"workload_terms": [{"kind": "travel"}]})
    assert without.problem["status"] == 422
    assert "no officer whose station has a place" in without.problem["detail"]


def test_units_that_share_too_short_a_border_are_no_neighbours(database, town, do_run):
    run = do_run("beat-allocation", {"workload": "residents", "min_shared_m": 1.2 * SIDE_M, "officers": False})
    assert run.state == "succeeded", run.problem
    assert run.summary["figures"]["beats"] == BLOCKS**2
    assert run.summary["parameters"]["min_shared_m"] == 1.2 * SIDE_M
    wide = do_run("beat-allocation", {"workload": "residents", "snap_m": 2.0})
    assert wide.summary["parameters"]["snap_m"] == 2.0
