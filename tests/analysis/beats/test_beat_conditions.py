"""Bridges, forbidden borders, barriers and locks: kept by every plan, or refused with the units named."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.beats import reasons
from analysis.beats.conditions import Conditions
from analysis.beats.graph import components
from analysis.beats.problem import beat_problem
from analysis.beats.redraw import redraw_beats
from analysis.beats.solver import solve_beats
from analysis.errors import ParameterError
from benchmarks.cities import block_city
from tests.analysis.beats.conftest import make_grid

RIVER = shapely.LineString([(350, -50), (350, 450)])


def solve(units, conditions, **options):
    return solve_beats(beat_problem(units, residents="people", conditions=conditions, **options))


def beats_of(plan):
    return dict(zip(plan.assignments.unit_id, plan.assignments.beat_id, strict=True))


def test_bridge_joins_an_island(grid):
    units = grid([[1000] * 8])
    units.loc[6:, "geometry"] = units.geometry[6:].translate(500, 0)
    apart = solve(units, None)
    assert "component_below_min" in {reason.code for reason in apart.reasons}
    plan = solve(units, Conditions(bridges=[("0-5", "0-6")]))
    assert plan.frame.within_bounds.all()
    assert plan.frame.contiguous.all()
    assert beats_of(plan)["0-5"] == beats_of(plan)["0-6"]


def test_bridge_between_neighbours_changes_nothing(grid):
    units = grid([[500] * 8] * 3)
    bridged = beat_problem(units, residents="people", conditions=Conditions(bridges=[("0-1", "0-0")]))
    plain = beat_problem(units, residents="people")
    np.testing.assert_array_equal(bridged.contiguity.edges.border_m, plain.contiguity.edges.border_m)


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        (Conditions(bridges=[("0-0", "9-9")]), "no unit '9-9', which is named by a bridge"),
        (Conditions(forbidden=[("nowhere", "0-0")]), "no unit 'nowhere', which is named by a forbidden border"),
        (Conditions(bridges=[("0-0", "0-0")]), "unit '0-0' with itself"),
        (Conditions(bridges=[("0-0", "0-1")], forbidden=[("0-1", "0-0")]), "'0-0' and '0-1' are both"),
        (Conditions(bridges=[("0-3", "0-4")]), "'0-3' and '0-4' crosses a hard boundary"),
        (Conditions(barriers=[shapely.Point(0, 0)]), "Barrier 1 is not a line"),
        (Conditions(locked_units={"9-9": "A"}), "no unit '9-9', which is named by a locked unit"),
        (Conditions(locked_beats=["Z"]), "Beat 'Z' is locked but is not in the plan"),
        (Conditions(locked_units={"0-0": "A", "0-7": "A"}), "units '0-0', '0-7' locked to beat 'A' do not connect"),
        (Conditions(locked_units={"0-0": "A", "1-3": "A", "0-1": "B", "1-1": "B"}), "locked to beat '[AB]' do not"),
        (Conditions(locked_units={"0-0": "A"}, locked_beats=["west"]), "'0-0' is locked to beat 'A' but is in 'west'"),
        (Conditions(locked_units={"0-4": "west"}, locked_beats=["west"]), "'0-4' is locked to beat 'west' but is in"),
        (Conditions(locked_units={f"{r}-{c}": f"{r}{c}" for r in (0, 1) for c in (0, 1, 2)}), "are locked to 6 beats"),
        (Conditions(locked_beats=["all over"]), "both sides of a hard boundary"),
    ],
)
def test_contradictions_are_refused_by_name(grid, conditions, message):
    now = ["west"] * 3 + ["all over"] * 2 + ["east"] * 3
    units = grid([[900] * 8] * 2, side=["a"] * 4 + ["b"] * 4 + ["a"] * 4 + ["b"] * 4, now=now * 2)
    with pytest.raises(ParameterError, match=message):
        solve(units, conditions, hard_boundary="side", current="now")


def test_too_many_residents_locked_together_are_refused(grid):
    locks = Conditions(locked_units={"0-0": "A", "0-1": "A", "0-2": "A"})
    with pytest.raises(ParameterError, match="9,000 residents, above 7,000"):
        solve(grid([[3000] * 6]), locks)


def test_forbidden_border_is_not_grown_across(grid):
    units = grid([[1500] * 8])
    plan = solve(units, Conditions(forbidden=[("0-3", "0-4")]))
    beat = beats_of(plan)
    assert not {beat[f"0-{c}"] for c in range(4)} & {beat[f"0-{c}"] for c in range(4, 8)}
    assert plan.frame.contiguous.all()


@pytest.mark.parametrize("offset_m", [0.0, -40.0, -1.0, 30.0])
def test_river_parts_its_banks_even_where_it_is_drawn_beside_the_border(grid, offset_m):
    units = grid([[400] * 8] * 4)
    river = shapely.affinity.translate(RIVER, 50 + offset_m, 0)
    problem = beat_problem(units, residents="people", conditions=Conditions(barriers=[river]))
    west = np.array([int(name.split("-")[1]) < 4 for name in problem.unit_ids])
    edges = problem.contiguity.edges
    assert (west[edges.first] == west[edges.second]).all()
    assert len(problem.closed.first) == 4
    plan = solve_beats(problem)
    assert all(len(set(west[plan.beat_of_unit == own])) == 1 for own in range(len(plan.frame)))


def test_bridge_spans_a_river(grid):
    units = grid([[400] * 8] * 4)
    river = Conditions(barriers=[shapely.affinity.translate(RIVER, 50, 0)], bridges=[("2-3", "2-4")])
    problem = beat_problem(units, residents="people", conditions=river)
    assert len(problem.closed.first) == 3
    assert components(problem.contiguity.edges, 32)[0] == 1


def test_meander_that_comes_back_does_not_part_neighbours(grid):
    meander = shapely.LineString([(180, -50), (180, 60), (220, 60), (220, -50)])
    problem = beat_problem(grid([[400] * 4] * 2), residents="people", conditions=Conditions(barriers=[meander]))
    assert not len(problem.closed.first)


def test_compactness_counts_a_closed_border_within_a_beat_as_inner(grid):
    units = grid([[1000, 1000], [1000, 1000]])
    plan = solve(units, Conditions(forbidden=[("0-0", "0-1")]), beats=1)
    np.testing.assert_allclose(plan.totals.polsby_popper, np.pi / 4)


def test_locked_units_are_in_their_beats(grid):
    locks = {"0-0": "North", "0-7": "North", "5-0": "B03", "5-7": "B09"}
    units = grid([[300] * 8] * 6)
    plan = solve(units, Conditions(locked_units=locks))
    assert {unit: beats_of(plan)[unit] for unit in locks} == locks
    assert plan.frame.within_bounds.all()
    assert plan.frame.contiguous.all()


def test_locked_unit_moves_to_another_beat_of_the_plan_in_force(grid):
    units = grid([[500] * 10] * 2, now=(["A"] * 5 + ["B"] * 5) * 2)
    plan = solve(units, Conditions(locked_units={"0-5": "A"}), current="now")
    assert beats_of(plan)["0-5"] == "A"
    assert set(plan.frame.beat_id) == {"A", "B"}


def test_locked_beat_stays_as_it_is_and_others_are_redrawn(grid):
    units = grid([[500] * 12] * 4, now=[f"K{column // 3}" for _ in range(4) for column in range(12)])
    units.loc[units.now == "K3", "people"] = 1500
    plan = solve(units, Conditions(locked_beats=["K1"]), current="now")
    assert (plan.assignments.beat_id[units.now == "K1"] == "K1").all()
    assert (plan.assignments.beat_id == "K1").sum() == 12
    assert plan.frame.within_bounds.all()
    assert plan.frame.contiguous.all()


def test_locked_beat_out_of_bounds_is_flagged(grid):
    units = grid([[500] * 12] * 2, now=(["A"] * 2 + ["B"] * 10) * 2)
    plan = solve(units, Conditions(locked_beats=["A"]), current="now")
    flagged = [reason for reason in plan.reasons if reason.beat_id == "A"]
    assert [reason.code for reason in flagged] == [reasons.LOCKED_CONFLICT]
    assert set(flagged[0].unit_ids) == {"0-0", "0-1", "1-0", "1-1"}
    assert not plan.frame.set_index("beat_id").within_bounds["A"]


def test_locked_beat_in_two_pieces_is_flagged(grid):
    units = grid([[1000] * 12], now=["A"] * 2 + ["B"] * 8 + ["A"] * 2)
    plan = solve(units, Conditions(locked_beats=["A"]), current="now")
    assert {reason.code for reason in plan.reasons if reason.beat_id == "A"} == {reasons.LOCKED_CONFLICT}
    assert plan.frame.set_index("beat_id").reason["A"] == reasons.LOCKED_CONFLICT


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(2, 8),
    columns=st.integers(2, 10),
    locks=st.integers(1, 12),
    continued=st.booleans(),
    gentle=st.booleans(),
)
def test_every_plan_keeps_locks_or_names_the_units(seed, rows, columns, locks, continued, gentle):
    rng = np.random.default_rng(seed)
    units = make_grid(
        rng.integers(0, 900, (rows, columns)).tolist(), now=rng.choice(["A", "B", "C", "D"], rows * columns)
    )
    units["side"] = np.where(np.arange(len(units)) % columns < columns // 2, "l", "r")
    chosen = rng.choice(units.unit_id, min(locks, len(units)), replace=False)
    locked = dict(zip(chosen, rng.choice(["A", "B", "New"], len(chosen)), strict=True))
    refused = ""
    try:
        problem = beat_problem(
            units,
            residents="people",
            current="now" if continued or gentle else None,
            hard_boundary="side" if seed % 3 == 0 else None,
            min_residents=1500,
            conditions=Conditions(locked_units=locked, locked_beats=["D"] if continued and seed % 3 else []),
        )
        plan = (redraw_beats if gentle else solve_beats)(problem, seed=seed)
    except ParameterError as error:
        refused = error.message
    if refused:
        assert "unit" in refused.lower() or "Beat 'D'" in refused
        return
    beat = beats_of(plan)
    assert {unit: beat[unit] for unit in locked} == locked
    free = plan.frame[plan.frame.reason != reasons.LOCKED_CONFLICT]
    assert free.contiguous.all()
    reasoned = {reason.beat_id for reason in plan.reasons}
    assert set(plan.frame.beat_id[~plan.frame.within_bounds | ~plan.frame.contiguous]) <= reasoned
    if problem.locks.kept.any():
        assert ((plan.assignments.beat_id == "D") == (units.now == "D")).all()


def test_locks_hold_in_a_town_with_repairs():
    city = block_city(1200, 2)
    rng = np.random.default_rng(0)
    locked = {
        int(unit): f"P{number % 12:02d}" for number, unit in enumerate(rng.choice(city.unit_id, 12, replace=False))
    }
    problem = beat_problem(
        city,
        residents="residents",
        workload="workload",
        min_residents=4700,
        max_residents=5200,
        conditions=Conditions(locked_units=locked),
    )
    plan = solve_beats(problem)
    beat = beats_of(plan)
    assert {unit: beat[unit] for unit in locked} == locked
    assert plan.frame.contiguous.all()
    assert plan.report.within_bounds >= plan.report.beats - 2
