"""From a draft to the plan in force and its successor: who may what, what is frozen, who is the officer at a place."""

import pytest
from plan_stripes import ADDRESS, CODE, stripes
from small_town import place
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.identity.roles import Role

ASSIGN = {"beat_id": "B1", "officer_id": "100", "reason": "first officer"}


def problem(answer):
    return answer.status_code, answer.json()["type"].removeprefix("urn:kvart:problem:")


def test_plan_goes_from_draft_to_published_and_tells_every_step(draft, take, analyst):
    plan = draft()
    assert take(plan, "propose")["status"] == "proposed"
    assert take(plan, "withdraw")["status"] == "draft"
    assert take(plan, "propose", "reject")["status"] == "draft"
    assert take(plan, "propose", "approve")["status"] == "approved"
    published = take(plan, "publish", effective_from="2026-09-01")
    assert (published["status"], published["effective_from"]) == ("published", "2026-09-01")
    steps = analyst.get(f"{ADDRESS}/{plan}/history").json()["changes"]
    assert [step["action"] for step in steps] == [
        "propose", "withdraw", "propose", "reject", "propose", "approve", "publish"
    ]  # fmt: skip
    assert steps[-1]["reason"] == "to publish"
    assert steps[-1]["actor"].startswith("commander")
    assert steps[0]["actor"].startswith("analyst")


@pytest.mark.parametrize("step", ["approve", "reject", "publish"])
def test_analyst_may_not_decide(draft, analyst, step):
    assert problem(analyst.post(f"{ADDRESS}/{draft()}/{step}", json={"reason": "me"})) == (403, "forbidden")


def test_step_that_does_not_follow_is_refused_with_what_can_be_done(draft, commander):
    answer = commander.post(f"{ADDRESS}/{draft()}/publish", json={"reason": "now"})
    assert problem(answer) == (409, "conflict")
    assert "this one is draft" in answer.json()["detail"]
    assert "propose" in answer.json()["hint"]


def test_every_step_takes_a_reason(draft, analyst):
    assert analyst.post(f"{ADDRESS}/{draft()}/propose", json={}).status_code == 422
    assert analyst.post(f"{ADDRESS}/{draft()}/propose", json={"reason": "  "}).status_code == 422


def test_published_plan_is_frozen_by_the_database(draft, take, database, town):
    plan = draft()
    take(plan, "propose", "approve", "publish")
    for change in (
        "update beat set residents = 1",
        "delete from beat",
        "insert into beat (municipality_id, plan_id, code) select municipality_id, id, 'X' from beat_plan",
        "delete from beat_membership",
        "update beat_membership set locked = true",
        "update beat_plan set name = 'other'",
        "update beat_plan set status = 'draft'",
        "delete from beat_plan",
    ):
        with pytest.raises(IntegrityError, match="frozen"), database.inside(town.id) as session:
            session.execute(text(change))
    with database.owner_engine.begin() as connection:
        connection.execute(text("delete from municipality"))
        assert connection.scalar(text("select count(*) from beat_plan")) == 0


def test_plan_that_fails_a_check_is_published_only_when_that_is_accepted(draft, take, commander):
    plan = draft(stripes(4))
    take(plan, "propose", "approve")
    checks = commander.get(f"{ADDRESS}/{plan}/checks").json()
    assert [check["code"] for check in checks["checks"] if not check["passed"]] == ["beat_count", "deviation"]
    refused = commander.post(f"{ADDRESS}/{plan}/publish", json={"reason": "anyway"})
    assert problem(refused) == (409, "conflict")
    assert [item["code"] for item in refused.json()["errors"]] == ["beat_count", "deviation"]
    assert take(plan, "publish", accept=["beat_count", "deviation"])["status"] == "published"


def test_next_plan_supersedes_the_one_in_force_and_officers_change_on_the_day(draft, take, commander, analyst):
    first, second = draft(), draft(stripes(moved=("00-02",)), name="Next")
    for plan, badge in ((first, "100"), (second, "101")):
        answer = commander.post(f"{ADDRESS}/{plan}/assignments", json=ASSIGN | {"officer_id": badge})
        assert answer.status_code == 200, answer.text
    take(first, "propose", "approve")
    take(first, "publish", effective_from="2026-01-01")
    take(second, "propose", "approve")
    early = commander.post(f"{ADDRESS}/{second}/publish", json={"reason": "x", "effective_from": "2025-12-31"})
    assert problem(early) == (409, "conflict")
    take(second, "publish", effective_from="2026-03-01", hand_over="Files are in room 12.")
    plans = {plan["id"]: plan for plan in analyst.get(ADDRESS).json()["beat_plans"]}
    assert (plans[first]["status"], plans[first]["effective_to"]) == ("superseded", "2026-03-01")
    assert plans[second]["status"] == "published"
    [old] = analyst.get(f"{ADDRESS}/{first}/assignments").json()["assignments"]
    assert (old["valid_from"], old["valid_to"]) == ("2026-01-01", "2026-03-01")
    assert old["hand_over"] == "Files are in room 12."
    [new] = analyst.get(f"{ADDRESS}/{second}/assignments").json()["assignments"]
    assert (new["officer_id"], new["valid_from"], new["valid_to"]) == ("101", "2026-03-01", None)
    tenure = analyst.get(f"/municipalities/{CODE}/officer-tenure").json()
    assert (tenure["held"], tenure["by_beat"][0]["changes_in_window"]) == (1, 1)


def test_beat_is_handed_over_with_a_note_and_an_officer_has_one_beat(draft, take, commander):
    plan = draft()
    address = f"{ADDRESS}/{plan}/assignments"
    assert commander.post(address, json=ASSIGN).status_code == 200
    double = commander.post(address, json=ASSIGN | {"beat_id": "B2"})
    assert problem(double) == (409, "conflict")
    assert "holds beat B1" in double.json()["detail"]
    take(plan, "propose", "approve")
    take(plan, "publish", effective_from="2026-01-01")
    note = {"officer_id": "102", "valid_from": "2026-02-01", "reason": "retired", "hand_over": "Ask the school."}
    held = commander.post(address, json=ASSIGN | note).json()["assignments"]
    assert [(row["officer_id"], row["valid_to"], row["hand_over"]) for row in held] == [
        ("100", "2026-02-01", "Ask the school."),
        ("102", None, None),
    ]
    vacant = commander.post(address, json=ASSIGN | {"officer_id": None, "valid_from": "2026-03-01"}).json()
    assert [row["valid_to"] for row in vacant["assignments"]] == ["2026-02-01", "2026-03-01"]
    assert problem(commander.post(address, json=ASSIGN | {"officer_id": None})) == (409, "conflict")
    assert problem(commander.post(address, json=ASSIGN | {"beat_id": "B9"})) == (404, "not_found")
    assert problem(commander.post(address, json=ASSIGN | {"officer_id": "999"})) == (404, "not_found")


def test_everybody_learns_the_officer_at_a_place_and_the_name_only_where_published(
    draft, take, commander, anonymous, database, town
):
    lon, lat = place(100, 100)
    address, at = f"/municipalities/{CODE}/my-officer", {"lon": lon, "lat": lat}
    assert "no beat plan in force" in anonymous.get(address, params=at).json()["detail"]
    plan = draft()
    commander.post(f"{ADDRESS}/{plan}/assignments", json=ASSIGN)
    take(plan, "propose", "approve")
    take(plan, "publish", effective_from="2026-01-01")
    silent = anonymous.get(address, params=at).json()
    assert (silent["beat_id"], silent["officer"]) == ("B1", None)
    assert "not published" in silent["message"]
    [officer] = [
        feature["id"]
        for feature in commander.get(f"/municipalities/{CODE}/officers", params={"badge": "100"}).json()["features"]
    ]
    told = commander.put(
        f"/municipalities/{CODE}/officers/{officer}/publication",
        json={"published": True, "display_name": "Sergeant Ozola"},
    )
    assert told.status_code == 200, told.text
    assert anonymous.get(address, params=at).json()["officer"] == {"name": "Sergeant Ozola", "contact": None}
    vacant = dict(zip(("lon", "lat"), place(2900, 100), strict=True))
    assert "no officer at present" in anonymous.get(address, params=vacant).json()["message"]
    assert anonymous.get(address, params={"lon": 0, "lat": 0}).status_code == 404
    assert anonymous.get(address, params={"lon": "nan", "lat": 0}).status_code == 400


def test_plan_of_a_later_day_leaves_the_present_one_in_force_until_then(draft, take, anonymous):
    present, coming = draft(name="Present"), draft(name="Coming")
    take(present, "propose", "approve")
    take(present, "publish", effective_from="2026-01-01")
    take(coming, "propose", "approve")
    take(coming, "publish", effective_from="2199-01-01")
    lon, lat = place(100, 100)
    found = anonymous.get(f"/municipalities/{CODE}/my-officer", params={"lon": lon, "lat": lat}).json()
    assert found["plan"] == "Present"


def test_beats_of_a_plan_change_hands_until_the_day_it_ends(draft, take, commander, anonymous, analyst):
    present, coming = draft(name="Present"), draft(name="Coming")
    address = f"{ADDRESS}/{present}/assignments"
    assert commander.post(address, json=ASSIGN).status_code == 200
    take(present, "propose", "approve")
    take(present, "publish", effective_from="2026-01-01")
    take(coming, "propose", "approve")
    take(coming, "publish", effective_from="2199-01-01")
    beat = {feature["properties"]["beat_id"]: feature["properties"] for feature in _beats(analyst, present)}["B1"]
    assert beat["officer_id"] == "100"
    held = commander.post(address, json=ASSIGN | {"officer_id": "102", "valid_from": "2026-02-01"}).json()
    assert [(row["officer_id"], row["valid_to"]) for row in held["assignments"]] == [
        ("100", "2026-02-01"),
        ("102", "2199-01-01"),
    ]
    plans = {plan["id"]: plan for plan in analyst.get(ADDRESS).json()["beat_plans"]}
    assert plans[present]["vacancies"] == 3
    late = commander.post(address, json=ASSIGN | {"officer_id": "103", "valid_from": "2199-01-01"})
    assert problem(late) == (409, "conflict")
    assert "ends on 2199-01-01" in late.json()["detail"]


def _beats(client, plan):
    return client.get(f"{ADDRESS}/{plan}/beats").json()["features"]


def test_officers_and_the_municipality_may_read_plans_but_change_none(draft, client_as):
    plan = draft()
    for role in (Role.OFFICER, Role.MUNICIPALITY):
        client = client_as(role, CODE)
        assert client.get(f"{ADDRESS}/{plan}/history").status_code == 200
        assert problem(client.post(f"{ADDRESS}/{plan}/propose", json={"reason": "x"})) == (403, "forbidden")
    assert problem(client_as(Role.MUNICIPALITY, CODE).get(f"{ADDRESS}/{plan}/assignments")) == (403, "forbidden")


def test_officer_and_tenure_are_told_of_past_and_coming_days(draft, take, commander, anonymous, analyst):
    present, coming = draft(name="Present"), draft(name="Coming")
    for plan, badge in ((present, "100"), (coming, "101")):
        assert commander.post(f"{ADDRESS}/{plan}/assignments", json=ASSIGN | {"officer_id": badge}).status_code == 200
        [officer] = commander.get(f"/municipalities/{CODE}/officers", params={"badge": badge}).json()["features"]
        address = f"/municipalities/{CODE}/officers/{officer['id']}/publication"
        assert commander.put(address, json={"published": True, "display_name": f"Officer {badge}"}).status_code == 200
        take(plan, "propose", "approve")
    take(present, "publish", effective_from="2024-01-01")
    take(coming, "publish", effective_from="2199-01-01")
    lon, lat = place(100, 100)

    def told(day):
        at = {"lon": lon, "lat": lat} | ({"as_of": day} if day else {})
        return anonymous.get(f"/municipalities/{CODE}/my-officer", params=at)

    assert told(None).json()["officer"]["name"] == "Officer 100"
    assert (told("2199-01-01").json()["plan"], told("2199-01-01").json()["officer"]["name"]) == (
        "Coming",
        "Officer 101",
    )
    past = told("2024-06-01").json()
    assert (past["plan"], past["beat_id"], past["officer"]) == ("Present", "B1", None)
    assert "not named" in past["message"]
    assert "in force on 2023-12-31" in told("2023-12-31").json()["detail"]
    assert told("soon").status_code == 400

    def tenure(day):
        return analyst.get(f"/municipalities/{CODE}/officer-tenure", params={"as_of": day}).json()

    assert tenure("2023-12-31")["beats"] == 0
    year = tenure("2025-01-01")
    assert (year["held"], year["years_median"], year["by_beat"][0]["officer_id"]) == (
        1,
        pytest.approx(1, abs=0.01),
        "100",
    )
    assert year["by_beat"][0]["changes_in_window"] == 0
    rotated = tenure("2199-07-01")
    assert (rotated["by_beat"][0]["officer_id"], rotated["by_beat"][0]["changes_in_window"]) == ("101", 1)
    assert rotated["under_one_year"] == 1
