"""Edits of a draft: answered at once, stored with the answer, refused after somebody else's."""

import pytest
from plan_stripes import ADDRESS, CODE
from sqlalchemy import text

from app.plans.edits.editors import Editors


@pytest.fixture
def editing(draft, analyst):
    """A draft that is edited: returns the answer and remembers the tag."""
    plan = draft()
    address = f"{ADDRESS}/{plan}"
    known = {"tag": analyst.get(f"{address}/standing").headers["ETag"]}

    def edit(operation, *units, tag=None, status=200, **more):
        answer = analyst.post(
            f"{address}/edits",
            json={"operation": operation, "unit_ids": units, **more},
            headers={"If-Match": tag or known["tag"]},
        )
        assert answer.status_code == status, answer.text
        known["tag"] = answer.headers.get("ETag", known["tag"])
        return answer.json()

    edit.plan, edit.known = plan, known
    return edit


def beats_of(client, plan):
    features = client.get(f"{ADDRESS}/{plan}/beats").json()["features"]
    return {feature["properties"]["beat_id"]: feature["properties"] for feature in features}


def units_of(client, plan):
    lines = client.get(f"{ADDRESS}/{plan}/export").text.splitlines()[1:]
    return dict(line.split(",") for line in lines)


def test_moved_unit_is_answered_with_figures_and_stored(editing, analyst):
    answer = editing("move", "00-02", beat_id="B2")
    assert answer["changes"] == {"00-02": "B2"}
    assert {beat["beat_id"]: beat["residents"] for beat in answer["beats"]} == {"B1": 5790, "B2": 6090}
    assert answer["figures"]["contiguous"] == 4
    assert units_of(analyst, editing.plan)["00-02"] == "B2"
    stored = beats_of(analyst, editing.plan)
    assert (stored["B1"]["residents"], stored["B1"]["units"], stored["B2"]["units"]) == (5790, 35, 37)


def test_beat_in_pieces_and_out_of_bounds_says_why_and_can_be_fixed(editing, analyst):
    answer = editing("move", *(f"{row:02}-{column:02}" for row in range(6) for column in (0, 2)), beat_id="B4")
    codes = {beat["beat_id"]: [reason["code"] for reason in beat["reasons"]] for beat in answer["beats"]}
    assert "not_contiguous" in codes["B4"]
    assert beats_of(analyst, editing.plan)["B4"]["reason"] == codes["B4"][0]
    fixed = editing("fix", beat_id="B4")
    assert not fixed["refused"]
    assert beats_of(analyst, editing.plan)["B4"]["reason"] is None


def test_undo_and_redo_are_stored_too(editing, analyst):
    editing("move", "00-02", beat_id="New")
    assert "New" in beats_of(analyst, editing.plan)
    assert editing("undo")["redo_steps"] == 1
    assert "New" not in beats_of(analyst, editing.plan)
    editing("redo")
    assert units_of(analyst, editing.plan)["00-02"] == "New"


def test_locked_units_stay_and_locks_outlive_the_editor(editing, analyst, application):
    editing("lock", "00-02")
    refused = editing("move", "00-02", beat_id="B2")
    assert [reason["code"] for reason in refused["refused"]] == ["locked"]
    application.state.editors = Editors()
    standing = analyst.get(f"{ADDRESS}/{editing.plan}/standing")
    assert standing.json()["locked_units"] == ["00-02"]
    editing("unlock", "00-02", tag=standing.headers["ETag"])
    assert editing("move", "00-02", beat_id="B2")["changes"]
    assert len(editing("lock-beat", beat_id="B2")["beats"]) == 1
    assert len(analyst.get(f"{ADDRESS}/{editing.plan}/standing").json()["locked_units"]) == 37


def test_edits_can_be_undone_after_a_restart_and_through_another_process(editing, analyst, application, draft):
    first, second = application.state.editors, Editors()
    editing("move", "00-02", "01-02", beat_id="B2")
    editing("lock", "00-00")
    application.state.editors = second
    assert editing("undo")["redo_steps"] == 1
    assert not analyst.get(f"{ADDRESS}/{editing.plan}/standing").json()["locked_units"]
    application.state.editors = first
    assert editing("undo")["changes"] == {"00-02": "B1", "01-02": "B1"}
    assert editing("redo")["changes"] == {"00-02": "B2", "01-02": "B2"}
    application.state.editors = second
    assert editing("redo")["undo_steps"] == 2
    assert analyst.get(f"{ADDRESS}/{editing.plan}/standing").json()["locked_units"] == ["00-00"]
    application.state.editors = Editors()
    answer = editing("move", "02-02", beat_id="B2")
    assert (answer["undo_steps"], answer["redo_steps"]) == (3, 0)


def test_editor_of_another_process_follows_without_reading_the_plan_anew(editing, application, monkeypatch):
    first, second = application.state.editors, Editors()
    application.state.editors = second
    editing("move", "00-02", beat_id="New")
    application.state.editors = first
    monkeypatch.setattr("app.plans.edits.opening.plan_input", None)
    answer = editing("move", "01-02", beat_id="New")
    assert {beat["beat_id"]: beat["units"] for beat in answer["beats"]} == {"B1": 34, "New": 2}
    application.state.editors = second
    assert editing("undo")["changes"] == {"01-02": "B1"}
    assert editing("undo")["undo_steps"] == 0


def test_steps_end_when_the_plan_is_no_draft_any_more(editing, analyst, take):
    editing("move", "00-02", beat_id="B2")
    take(editing.plan, "propose", "withdraw")
    editing.known["tag"] = "*"
    assert editing("undo")["changes"] == {}
    assert not analyst.get(f"{ADDRESS}/{editing.plan}/edits").json()["edits"]


def test_edit_that_changes_nothing_keeps_the_tag(editing):
    before = editing.known["tag"]
    editing("undo")
    editing("move", "00-02", beat_id="B1")
    assert editing.known["tag"] == before


def test_edits_of_a_draft_are_told_with_who_made_them(editing, analyst):
    editing("move", "00-02", "01-02", beat_id="B2")
    editing("undo")
    told = analyst.get(f"{ADDRESS}/{editing.plan}/edits").json()["edits"]
    assert [(edit["operation"], edit["units"]) for edit in told] == [("undo", 2), ("move", 2)]
    assert told[0]["actor"].startswith("analyst")


def test_oldest_edits_are_forgotten(editing, analyst, application, monkeypatch):
    monkeypatch.setattr("app.plans.edits.saving.MOST_STEPS", 2)
    monkeypatch.setattr("app.plans.edits.saving.SPARE_STEPS", 1)
    for row in range(4):
        editing("move", f"{row:02}-02", beat_id="B2")
    application.state.editors = Editors()
    assert len(analyst.get(f"{ADDRESS}/{editing.plan}/edits").json()["edits"]) == 2
    assert [editing("undo")["undo_steps"] for _ in range(3)] == [1, 0, 0]


def test_plan_and_answer_say_which_edits_made_a_beat_what_it_is(editing, analyst):
    away = [f"{row:02}-{column:02}" for row in range(12) for column in (1, 2)]
    answer = editing("move", *away, beat_id="B2")
    because = {beat["beat_id"]: beat["because"] for beat in answer["beats"]}
    assert because["B1"].startswith("Because units '00-01', '00-02', '01-01', '01-02', '02-01' and 19 more (")
    assert because["B1"].endswith("residents) moved to 'B2'.")
    [low, high] = answer["reasons"]
    assert (low["code"], high["code"]) == ("below_min", "above_max")
    assert low["message"].startswith("1 beat is below the minimum of 3,000 residents: 'B1'. 'B1' because units")
    assert low["unit_ids"] == away
    stored = analyst.get(f"{ADDRESS}/{editing.plan}").json()["report"]["reasons"]
    assert [reason["message"] for reason in stored] == [low["message"], high["message"]]
    standing = analyst.get(f"{ADDRESS}/{editing.plan}/standing").json()
    assert standing["reasons"] == answer["reasons"]
    assert {beat["beat_id"]: beat["because"] for beat in standing["beats"]} == because | {"B3": "", "B4": ""}
    assert not editing("undo")["reasons"]


def test_edit_after_somebody_elses_is_refused_and_changes_nothing(editing, analyst):
    before = editing.known["tag"]
    editing("move", "00-02", beat_id="B2")
    refused = editing("move", "01-02", beat_id="B2", tag=before, status=412)
    assert refused["type"] == "urn:kvart:problem:precondition_failed"
    assert units_of(analyst, editing.plan)["01-02"] == "B1"
    assert editing("move", "01-02", beat_id="B2", tag="*")["undo_steps"] == 2


def test_edit_without_a_tag_is_refused(editing, analyst):
    answer = analyst.post(f"{ADDRESS}/{editing.plan}/edits", json={"operation": "undo"})
    assert answer.status_code == 400


def test_editor_of_a_failed_or_foreign_transaction_is_read_anew(editing, analyst, database):
    editing("move", "00-02", beat_id="B2")
    with database.owner_engine.begin() as connection:
        connection.execute(text("update beat_plan set edit_tag = 'elsewhere'"))
        connection.execute(
            text("""update beat_membership set beat_id = (select id from beat where code = 'B1')
                where areal_unit_id = (select id from areal_unit where external_id = '00-02')""")
        )
    editing("move", "01-02", beat_id="B2", status=412)
    answer = editing("move", "01-02", beat_id="B2", tag='"elsewhere"')
    assert answer["undo_steps"] == 1
    assert {beat["beat_id"]: beat["units"] for beat in answer["beats"]} == {"B1": 35, "B2": 37}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"operation": "move", "unit_ids": ["99-99"], "beat_id": "B1"}, "99-99"),
        ({"operation": "fix", "beat_id": "B99"}, "B99"),
        ({"operation": "move", "unit_ids": ["00-00"]}, "beat_id"),
        ({"operation": "lock"}, "unit_ids"),
        ({"operation": "paint"}, "operation"),
    ],
)
def test_edit_that_cannot_be_done_names_what_is_wrong(editing, analyst, body, named):
    editing("move", "00-02", beat_id="B2")
    answer = analyst.post(f"{ADDRESS}/{editing.plan}/edits", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 422
    assert named in answer.text
    assert editing("undo")["changes"] == {"00-02": "B1"}


def test_only_a_draft_is_edited(editing, take):
    take(editing.plan, "propose")
    refused = editing("move", "00-02", beat_id="B2", status=409)
    assert "proposed" in refused["detail"]


def test_editors_that_were_not_used_for_long_go(editing):
    editors = Editors(most=1)
    editors.keep((1, 1), _Opened("a"))
    editors.keep((1, 2), _Opened("b"))
    assert editors.find((1, 1)) is None
    assert editors.find((1, 2)).tag == "b"


class _Opened:
    def __init__(self, tag):
        self.tag = tag


def test_public_cannot_edit(anonymous, editing):
    answer = anonymous.post(f"/municipalities/{CODE}/beat-plans/{editing.plan}/edits", json={"operation": "undo"})
    assert answer.status_code == 401
