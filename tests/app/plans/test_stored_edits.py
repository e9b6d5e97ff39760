"""Whatever is edited, the rows of a plan are those of the plan measured from scratch."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plan_stripes import ADDRESS, CODE
from small_town import BLOCKS
from sqlalchemy import text

from analysis.beats.editor import PlanEditor
from app.beats import service as beats
from app.beats.schemas import AllocationParameters
from app.beats.workload import MEASURED_BY, tables_behind
from app.jobs.worker import Worker
from app.plans.edits.editors import Editors
from app.plans.edits.service import edit_plan, standing
from app.plans.measuring import plan_input
from app.plans.schemas import Edit

UNITS = [f"{row:02}-{column:02}" for row in range(BLOCKS) for column in range(BLOCKS)]
BEATS = ["B1", "B2", "B3", "B4", "New", "Newer"]

moves = st.builds(
    lambda first, width, height, beat: Edit(
        operation="move",
        unit_ids=tuple(
            f"{row:02}-{column:02}"
            for row in range(first[0], min(BLOCKS, first[0] + height))
            for column in range(first[1], min(BLOCKS, first[1] + width))
        ),
        beat_id=beat,
    ),
    st.tuples(st.integers(0, BLOCKS - 1), st.integers(0, BLOCKS - 1)),
    st.integers(1, 5),
    st.integers(1, BLOCKS),
    st.sampled_from(BEATS),
)
locks = st.builds(
    lambda operation, units: Edit(operation=operation, unit_ids=tuple(units)),
    st.sampled_from(["lock", "unlock", "unlock"]),
    st.lists(st.sampled_from(UNITS), min_size=1, max_size=4),
)
steps = st.builds(lambda operation: Edit(operation=operation), st.sampled_from(["undo", "redo"]))
repairs = st.builds(
    lambda operation, beat, seed: Edit(operation=operation, beat_id=beat, seed=seed),
    st.sampled_from(["fix", "lock-beat", "unlock-beat"]),
    st.sampled_from(["B1", "B2"]),
    st.integers(0, 3),
)


def rows_of(session, plan_id):
    found = session.execute(
        text("""select code, residents, workload, polsby_popper, within_bounds, reason,
            st_area(geom::geography) as area from beat where plan_id = :plan"""),
        {"plan": plan_id},
    )
    return {row["code"]: dict(row) for row in found.mappings()}


def recomputed(session, town, plan_id):
    """Measure a plan from scratch: standings by beat, and areas from the units' own shapes."""
    plan = beats.get_plan(session, town, plan_id)
    _, problem = plan_input(session, town, beats.parameters_of(session, town, plan))
    held = dict(beats.unit_assignments(session, town, plan_id).itertuples(index=False))
    names = sorted(set(held.values()))
    beat = np.array([names.index(held[unit]) if unit in held else -1 for unit in problem.unit_ids], np.int64)
    areas = session.execute(
        text("""select b.code, sum(st_area(u.geom::geography)) as area from beat b
            join beat_membership m on m.beat_id = b.id join areal_unit u on u.id = m.areal_unit_id
            where b.plan_id = :plan group by b.code"""),
        {"plan": plan_id},
    )
    editor = PlanEditor(problem, beat, names)
    return {row.beat_id: row for row in editor.beats()}, dict(areas.all()), editor.figures(), plan["report"]["figures"]


def assert_rows_are_those_from_scratch(session, town, plan_id):
    expected, areas, figures, told = recomputed(session, town, plan_id)
    rows = rows_of(session, plan_id)
    assert rows.keys() == expected.keys()
    for name, row in rows.items():
        beat = expected[name]
        assert (row["residents"], row["within_bounds"]) == (beat.residents, beat.within_bounds)
        assert row["reason"] == (beat.reasons[0].code if beat.reasons else None)
        assert row["workload"] == pytest.approx(beat.workload)
        assert row["polsby_popper"] == pytest.approx(beat.polsby_popper)
        assert row["area"] == pytest.approx(areas[name], rel=1e-5)
    assert told["beats"] == figures.beats
    assert told["contiguous"] == figures.contiguous
    assert told["workload_cv"] == pytest.approx(figures.workload_cv)


def test_any_edits_leave_rows_equal_to_a_plan_from_scratch(database, town, draft):
    plan_id, editors = draft(), Editors()

    @settings(
        max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(edits=st.lists(st.one_of(moves, moves, locks, steps, repairs), min_size=1, max_size=8))
    def apply_edits(edits):
        with database.inside(town.id) as session:
            for edit in edits:
                present = {row["code"] for row in rows_of(session, plan_id).values()}
                if edit.operation in ("move", "lock", "unlock", "undo", "redo") or edit.beat_id in present:
                    edit_plan(session, town, editors, plan_id, edit, "*", actor="ann")
            assert_rows_are_those_from_scratch(session, town, plan_id)

    apply_edits()


def test_officer_of_an_emptied_beat_comes_back_with_it(database, town, draft, commander):
    plan_id, editors = draft(), Editors()
    body = {"beat_id": "B1", "officer_id": "100", "reason": "chosen"}
    assert commander.post(f"{ADDRESS}/{plan_id}/assignments", json=body).status_code == 200
    emptied = Edit(operation="move", unit_ids=[unit for unit in UNITS if int(unit[3:]) < 3], beat_id="B2")
    with database.inside(town.id) as session:
        edit_plan(session, town, editors, plan_id, emptied, "*", actor="ann")
        assert "B1" not in rows_of(session, plan_id)
        edit_plan(session, town, editors, plan_id, Edit(operation="undo"), "*", actor="ann")
        frame = beats.beat_frame(session, town, plan_id).set_index("beat_id")
    assert frame.loc["B1", "officer_id"] == "100"


def test_first_edit_brings_every_beat_up_to_date(database, town, draft):
    plan_id = draft()
    with database.inside(town.id) as session:
        session.execute(text("update areal_unit set residents = residents + 500 where external_id = '11-11'"))
        edit_plan(
            session,
            town,
            Editors(),
            plan_id,
            Edit(operation="move", unit_ids=("00-02",), beat_id="B2"),
            "*",
            actor="ann",
        )
        assert_rows_are_those_from_scratch(session, town, plan_id)
        assert rows_of(session, plan_id)["B4"]["residents"] == 6440


def change(database, town, statement):
    with database.inside(town.id) as session:
        session.execute(text(statement))


def test_open_plan_is_measured_anew_once_its_units_change(database, town, draft):
    plan_id, editors = draft(), Editors()
    moved = Edit(operation="move", unit_ids=("00-02",), beat_id="B2")
    with database.inside(town.id) as session:
        edit_plan(session, town, editors, plan_id, moved, "*", actor="ann")
    change(database, town, "update areal_unit set residents = residents + 500 where external_id = '11-11'")
    with database.inside(town.id) as session:
        editor, _ = standing(session, town, editors, plan_id)
        assert {beat.beat_id: beat.residents for beat in editor.beats()}["B4"] == 6440
        answer, _ = edit_plan(session, town, editors, plan_id, Edit(operation="undo"), "*", actor="ann")
        assert answer.changes == {"00-02": "B1"}
        assert_rows_are_those_from_scratch(session, town, plan_id)


def test_open_plan_stays_open_when_other_data_changes(database, town, draft):
    plan_id, editors = draft(), Editors()
    with database.inside(town.id) as session:
        opened, _ = standing(session, town, editors, plan_id)
    change(database, town, "delete from incident")
    with database.inside(town.id) as session:
        assert standing(session, town, editors, plan_id)[0] is opened


@pytest.mark.parametrize(
    ("asked", "tables"),
    [
        ({"workload": "residents"}, ("areal_unit",)),
        ({}, ("areal_unit", "incident")),
        ({"events": "reports"}, ("areal_unit", "report")),
        (
            {"workload_terms": [{"kind": "travel", "events": "danger-zones"}, {"kind": "area"}, {"kind": "events"}]},
            ("areal_unit", "officer", "danger_zone", "incident"),
        ),
        ({"workload_terms": [{"kind": "residents"}]}, ("areal_unit",)),
    ],
)
def test_plan_is_measured_by_the_tables_of_what_it_counts(asked, tables):
    assert tables_behind(AllocationParameters.model_validate(asked)) == tables
    assert set(tables) <= set(MEASURED_BY)


def test_plan_of_events_is_measured_anew_once_they_change(database, town, analyst):
    asked = {"kind": "beat-allocation", "parameters": {"officers": False}}
    run = analyst.post(f"/municipalities/{CODE}/runs", json=asked).json()["id"]
    Worker(database).run_until_idle()
    with database.inside(town.id) as session:
        plan_id = session.scalar(text("select id from beat_plan where run_id = :run"), {"run": run})
    editors = Editors()
    with database.inside(town.id) as session:
        opened, _ = standing(session, town, editors, plan_id)
    change(database, town, "delete from incident where id % 2 = 0")
    with database.inside(town.id) as session:
        anew, _ = standing(session, town, editors, plan_id)
        assert 0 < sum(beat.workload for beat in anew.beats()) < sum(beat.workload for beat in opened.beats())


def test_unit_without_a_beat_can_be_given_one_and_the_step_taken_back(database, town, draft):
    plan_id, editors = draft(), Editors()
    with database.inside(town.id) as session:
        session.execute(text("delete from beat_membership where areal_unit_id = (select min(id) from areal_unit)"))
        for edit in (Edit(operation="move", unit_ids=("00-00",), beat_id="B1"), Edit(operation="undo")):
            answer, _ = edit_plan(session, town, editors, plan_id, edit, "*", actor="ann")
            assert_rows_are_those_from_scratch(session, town, plan_id)
        assert answer.changes == {"00-00": None}
        assert answer.figures.unassigned_units == 1
