"""Changing a plan by hand: every answer equals a plan measured from scratch, whatever was done before."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.beats.conditions import Conditions
from analysis.beats.editor import PlanEditor
from analysis.beats.problem import beat_problem
from analysis.beats.report import beat_totals
from analysis.beats.solver import solve_beats
from analysis.beats.voronoi import voronoi_cells
from analysis.errors import ParameterError
from benchmarks.cities import block_city

relaxed = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def planar_world(seed: int, n: int) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    cells = voronoi_cells(shapely.points(rng.uniform(0, 3000, (n, 2)))).polygons
    x = shapely.get_coordinates(shapely.centroid(cells))[:, 0]
    return gpd.GeoDataFrame(
        {
            "unit_id": [f"U{i}" for i in range(n)],
            "people": rng.integers(0, 900, n),
            "work": rng.gamma(0.7, 3.0, n),
            "side": np.where(x < np.median(x), "west", "east"),
            "today": np.where(rng.uniform(size=n) < 0.8, rng.integers(0, 4, n).astype(str), None),
        },
        geometry=cells,
        crs="EPSG:32634",
    )


def check_against_scratch(editor):
    """Compare every beat, and the whole, with figures of a plan that is measured from scratch."""
    problem, table = editor.problem, editor.assignments
    has = table.beat_id.notna().to_numpy()
    names = sorted(set(table.beat_id[has]))
    standing = {beat.beat_id: beat for beat in editor.beats()}
    assert sorted(standing) == names
    beat = np.array([names.index(name) if name is not None else len(names) for name in table.beat_id], np.int64)
    totals = beat_totals(problem, beat)
    figures = editor.figures()
    for own, name in enumerate(names):
        seen = standing[name]
        assert (seen.units, seen.residents) == (totals.units[own], totals.residents[own])
        assert seen.workload == totals.workload[own]
        assert seen.polsby_popper == pytest.approx(totals.polsby_popper[own])
        assert (seen.within_bounds, seen.contiguous) == (totals.within_bounds[own], totals.contiguous[own])
        crosses = len(set(problem.zone[beat == own])) > 1
        found = {reason.code for reason in seen.reasons}
        assert ("crosses_hard_boundary" in found) == crosses
        assert ("not_contiguous" in found) == (not seen.contiguous)
        assert bool(found & {"below_min", "above_max", "unit_over_max"}) == (not seen.within_bounds)
        assert all(reason.hint and reason.message and reason.beat_id == name for reason in seen.reasons)
    count = len(names)
    assert (figures.beats, figures.unassigned_units) == (count, int((~has).sum()))
    assert figures.unassigned_residents == problem.residents[~has].sum()
    assert figures.within_bounds == totals.within_bounds[:count].sum()
    assert figures.contiguous == totals.contiguous[:count].sum()
    work = totals.workload[:count]
    assert figures.workload_cv == pytest.approx(work.std() / work.mean() if count and work.mean() else 0.0)
    before = np.array([*problem.current_names, None], dtype=object)[problem.current]
    moved = (problem.current >= 0) & (before != table.beat_id.to_numpy())
    assert figures.moved_residents == problem.residents[moved].sum()


@relaxed
@given(seed=st.integers(0, 10**6), n=st.integers(6, 50), data=st.data())
def test_every_answer_equals_a_plan_measured_from_scratch(seed, n, data):
    units = planar_world(seed, n)
    rng = np.random.default_rng(seed)
    raw = beat_problem(units, residents="people")
    borders = raw.contiguity.edges
    if len(borders.first) < 2:
        return
    shut = [(f"U{borders.first[at]}", f"U{borders.second[at]}") for at in rng.choice(len(borders.first), 2)]
    problem = beat_problem(
        units,
        residents="people",
        workload="work",
        hard_boundary="side",
        current="today",
        min_residents=1500,
        max_residents=3500,
        conditions=Conditions(forbidden=shut, locked_units={"U0": "0"}),
    )
    editor = PlanEditor(problem, rng.integers(-1, 4, n), ["0", "1", "2", "3"])
    start = editor.assignments
    for _ in range(data.draw(st.integers(1, 8))):
        what = data.draw(st.sampled_from(["move", "move", "erase", "new", "lock", "unlock", "fix", "undo", "redo"]))
        some = [f"U{i}" for i in data.draw(st.lists(st.integers(0, n - 1), max_size=6))]
        beat = data.draw(st.sampled_from(editor.beat_ids))
        locked, before = set(editor.locked_units), editor.assignments.set_index("unit_id").beat_id
        revision = editor.revision
        answer = {
            "move": lambda some=some, beat=beat: editor.move(some, beat),
            "erase": lambda some=some: editor.move(some, None),
            "new": lambda some=some: editor.move(some, "fresh"),
            "lock": lambda some=some: editor.lock(some),
            "unlock": lambda beat=beat: editor.lock_beat(beat, locked=False),
            "fix": lambda beat=beat: editor.fix(beat, seed=seed),
            "undo": editor.undo,
            "redo": editor.redo,
        }[what]()
        after = editor.assignments.set_index("unit_id").beat_id
        changed = {unit: name for unit, name in after.items() if name != before[unit]}
        assert answer.changes == changed
        assert editor.revision - revision in {0, 1}
        if what not in {"undo", "redo"}:
            assert not locked & set(changed)
        standing = {seen.beat_id: seen for seen in editor.beats()}
        for seen in answer.beats:
            assert standing.get(seen.beat_id, seen) == seen
        assert {before[unit] for unit in changed} | set(changed.values()) <= {s.beat_id for s in answer.beats} | {None}
        assert answer.figures == editor.figures()
        check_against_scratch(editor)
    while editor.undo().undo_steps:
        pass
    assert editor.assignments.equals(start)
    assert set(editor.locked_units) == {"U0"}


@relaxed
@given(seed=st.integers(0, 10**6), n=st.integers(60, 140))
def test_fix_brings_a_disturbed_beat_back(seed, n):
    rng = np.random.default_rng(seed)
    units = planar_world(seed, n)
    units["people"] = rng.integers(80, 320, n)
    plan = solve_beats(beat_problem(units, residents="people"), seed=seed)
    if units.people.sum() < 6000 or plan.reasons:
        return
    editor = PlanEditor.of(plan)
    own = plan.beat_ids[int(rng.integers(len(plan.beat_ids)))]
    inside = plan.assignments.unit_id[plan.assignments.beat_id == own].tolist()
    other = next(name for name in plan.beat_ids if name != own)
    editor.move(rng.choice(inside, max(1, len(inside) // 3), replace=False).tolist(), other)
    answer = editor.fix(own, seed=seed)
    standing = {beat.beat_id: beat for beat in editor.beats()}
    assert not answer.refused
    assert own not in standing or not standing[own].reasons
    check_against_scratch_without_today(editor)


def check_against_scratch_without_today(editor):
    names = list(dict.fromkeys(editor.assignments.beat_id))
    totals = beat_totals(editor.problem, np.array([names.index(name) for name in editor.assignments.beat_id]))
    assert [beat.residents for beat in sorted(editor.beats(), key=lambda beat: names.index(beat.beat_id))] == (
        totals.residents.tolist()
    )


@pytest.fixture
def row(grid):
    """Six units of 2,000 residents in a row: A A A B B C."""
    problem = beat_problem(grid([[2000] * 6]), residents="people")
    return PlanEditor(problem, np.array([0, 0, 0, 1, 1, 2]), ["A", "B", "C"])


def test_reasons_say_what_is_missing_and_who_could_help(row):
    (low,) = next(beat.reasons for beat in row.beats() if beat.beat_id == "C")
    assert low.message == "Beat 'C' has 2,000 residents, 1,000 below the minimum of 3,000."
    assert "'B' can spare 1,000" in low.hint
    split = row.move(["0-1"], "C")
    by_beat = {beat.beat_id: [reason.code for reason in beat.reasons] for beat in split.beats}
    assert by_beat == {"A": ["not_contiguous"], "C": ["not_contiguous"]}


def test_locked_units_are_refused_and_the_others_move(row):
    row.lock(["0-2"])
    answer = row.move(["0-1", "0-2"], "B")
    assert answer.changes == {"0-1": "B"}
    assert [reason.code for reason in answer.refused] == ["locked"]
    assert answer.refused[0].unit_ids == ("0-2",)
    row.lock_beat("A", locked=False)
    assert row.move(["0-2"], "B").changes == {"0-2": "B"}
    assert row.move(["0-2"], "B").changes == {}


def test_new_beat_erased_units_and_undo(row):
    answer = row.move(["0-5", "0-4"], "D")
    assert [(beat.beat_id, beat.units) for beat in answer.beats] == [("B", 1), ("C", 0), ("D", 2)]
    assert row.move(["0-0"], None).figures.unassigned_residents == 2000
    assert row.undo().figures.unassigned_units == 0
    assert row.redo().figures.unassigned_units == 1
    assert row.undo().redo_steps == 1
    assert row.move(["0-0"], "A").changes == {}


def test_fix_splits_a_beat_that_no_neighbour_can_relieve(grid):
    problem = beat_problem(grid([[1000] * 9]), residents="people")
    editor = PlanEditor(problem, np.zeros(9, np.int64), ["N01"])
    answer = editor.fix("N01")
    assert all(3000 <= beat.residents <= 7000 for beat in answer.beats)
    assert set(editor.beat_ids) == {"N01", "N02"}
    assert not answer.refused


def test_fix_says_what_remains(grid):
    problem = beat_problem(grid([[9000]]), residents="people")
    answer = PlanEditor(problem, np.zeros(1, np.int64), ["A"]).fix("A")
    assert [reason.code for reason in answer.refused] == ["unit_over_max"]
    assert "2 officers" in answer.refused[0].hint


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda editor: editor.move(["9-9"], "A"), "no unit '9-9'"),
        (lambda editor: editor.fix("Z"), "no beat 'Z'"),
        (lambda editor: PlanEditor(editor.problem, np.zeros(6, np.int64), ["A", "A"]), "same id"),
        (lambda editor: PlanEditor(editor.problem, np.zeros(5, np.int64), ["A"]), "5 units"),
        (lambda editor: PlanEditor(editor.problem, np.full(6, 3), ["A"]), "not in the list"),
    ],
)
def test_impossible_edits(row, call, problem):
    before = row.assignments
    with pytest.raises(ParameterError, match=problem):
        call(row)
    assert row.assignments.equals(before)


def test_a_change_answers_for_the_beats_it_touches_alone():
    plan = solve_beats(beat_problem(block_city(900), residents="residents"))
    editor = PlanEditor.of(plan)
    edges = plan.problem.contiguity.edges
    at = np.flatnonzero(plan.beat_of_unit[edges.first] != plan.beat_of_unit[edges.second])[0]
    target = plan.beat_ids[plan.beat_of_unit[edges.second[at]]]
    answer = editor.move([plan.problem.unit_ids[edges.first[at]]], target)
    assert len(answer.beats) == 2
    assert answer.to_dict()["revision"] == 1


@settings(relaxed, max_examples=20)
@given(seed=st.integers(0, 10**6), n=st.integers(6, 40), data=st.data())
def test_editor_that_follows_or_recalls_the_steps_of_another_stands_alike(seed, n, data):
    units = planar_world(seed, n)
    problem = beat_problem(units, residents="people", min_residents=1500, max_residents=3500)
    start = np.random.default_rng(seed).integers(-1, 4, n)
    editor, other = (PlanEditor(problem, start, ["0", "1", "2", "3"]) for _ in range(2))
    steps = []
    for _ in range(data.draw(st.integers(1, 8))):
        what = data.draw(st.sampled_from(["move", "new", "erase", "lock", "unlock", "undo", "undo", "redo"]))
        some = [f"U{i}" for i in data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=6))]
        answer = {
            "move": lambda some=some: editor.move(some, "1"),
            "new": lambda some=some: editor.move(some, "fresh"),
            "erase": lambda some=some: editor.move(some, None),
            "lock": lambda some=some: editor.lock(some),
            "unlock": lambda some=some: editor.lock(some, locked=False),
            "undo": editor.undo,
            "redo": editor.redo,
        }[what]()
        if editor.last_step is not None:
            steps.append(editor.last_step)
            assert other.replay(editor.last_step) == dataclasses.replace(answer, refused=())
    names = [name for name in editor.beat_ids if (editor.assignments.beat_id == name).any()]
    codes = {name: own for own, name in enumerate(names)}
    beat = np.array([codes.get(name, -1) for name in editor.assignments.beat_id], np.int64)
    held = [f"U{i}" in editor.locked_units for i in range(n)]
    locks = dataclasses.replace(problem.locks, beat=np.where(held, 0, -1))
    later = PlanEditor(dataclasses.replace(problem, locks=locks), beat, names)
    later.recall(steps)
    for step in (lambda one: one.undo(), lambda one: one.undo(), lambda one: one.redo(), lambda one: one.redo()):
        expected, found = step(editor), step(later)
        assert (found.changes, found.figures) == (expected.changes, expected.figures)
        assert [(r.code, r.unit_ids) for r in found.reasons] == [(r.code, r.unit_ids) for r in expected.reasons]
        assert {b.beat_id: b.because for b in found.beats} == {b.beat_id: b.because for b in expected.beats}
        assert (found.undo_steps, found.redo_steps) == (expected.undo_steps, expected.redo_steps)
        assert later.assignments.equals(editor.assignments)
        assert later.locked_units == editor.locked_units


def test_steps_that_do_not_lead_to_the_plan_are_left_out(row):
    row.move(["0-2"], "B")
    first = row.last_step
    row.move(["0-3"], "C")
    elsewhere = PlanEditor(row.problem, np.array([0, 0, 0, 1, 1, 2]), ["A", "B", "C"])
    elsewhere.recall([first])
    assert elsewhere.undo().changes == {}
    later = PlanEditor(row.problem, row.beat_of_unit, row.beat_ids)
    later.recall([first, row.last_step])
    assert later.undo().undo_steps == 1


def test_oldest_steps_become_part_of_the_plan_before_the_edits(row, monkeypatch):
    monkeypatch.setattr("analysis.beats.steps.MOST_STEPS", 1)
    assert row.move(["0-2"], "D").beats[1].because == "Because unit '0-2' (2,000 residents) came from 'A'."
    answer = row.move(["0-3"], "D")
    assert answer.undo_steps == 1
    told = {beat.beat_id: beat.because for beat in answer.beats}
    assert told["D"] == "In order since unit '0-3' (2,000 residents) came from 'B'."
    assert told["B"] == "Because unit '0-3' (2,000 residents) moved to 'D'."


def test_plan_says_which_edits_put_which_beats_out_of_order(row):
    assert [reason.message for reason in row.reasons()] == ["1 beat is below the minimum of 3,000 residents: 'C'."]
    answer = row.move(["0-3", "0-4"], None)
    assert [reason.code for reason in answer.reasons] == ["below_min", "unassigned"]
    row.undo()
    [low] = row.move(["0-0", "0-1"], "C").reasons[1:]
    assert low.message == (
        "1 beat is below the minimum of 3,000 residents: 'A'. 'A' because units '0-0', '0-1' (4,000 residents) moved "
        "to 'C'."
    )
    assert low.unit_ids == ("0-0", "0-1")
    row.undo()
    [split] = row.move(["0-2"], "C").reasons
    assert (split.code, split.unit_ids) == ("not_contiguous", ("0-2",))
    assert row.reasons() == (split,)
    moved = row.move(["0-3"], "A")
    told = "Because unit '0-2' (2,000 residents) moved to 'C', unit '0-3' (2,000 residents) came from 'B'."
    assert moved.beats[0].because == told
