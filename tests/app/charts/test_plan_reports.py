"""Charts and reports of the runs that make beat plans, and maps of plans over HTTP."""

import subprocess

import pytest
from sqlalchemy import text

from app.identity.roles import Role
from tests.app.runs.conftest import do_run, town, town_with_streets  # noqa: F401 - fixtures
from tests.app.runs.test_analysis_runs import BASE, do, links_of  # noqa: F401

PLANS = f"{BASE}/beat-plans"
MADE = {"workload": "residents", "plan_name": "Plan A"}


@pytest.fixture
def plan(do):  # noqa: F811
    """A run that drew a plan by residents."""
    run = do("beat-allocation", MADE)
    assert run["state"] == "succeeded", run["problem"]
    return run


@pytest.fixture
def crowded(database, town, plan, do):  # noqa: F811
    """A plan redrawn after one block outgrew the maximum; its run."""
    with database.inside(town.id) as session:
        session.execute(text("update areal_unit set residents = 9000 where external_id = '05-05'"))
    run = do("beat-redraw", {"current_plan_id": plan["summary"]["beat_plan_id"], "workload": "residents"})
    assert run["state"] == "succeeded", run["problem"]
    return run


def words_of(answer, folder):
    """What a PDF says, in one line."""
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"%PDF")
    path = folder / "report.pdf"
    path.write_bytes(answer.content)
    told = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    return " ".join(told.stdout.decode().split())


def test_every_kind_of_run_that_makes_plans_has_a_report_and_a_chart(client, plan, do, tmp_path):  # noqa: F811
    key = plan["summary"]["beat_plan_id"]
    runs = {
        "beats": [
            plan,
            do("beat-redraw", {"current_plan_id": key, "workload": "residents"}),
            do("officer-assignment", {"plan_id": key}),
        ],
        "trade-off": [do("trade-off", MADE)],
    }
    for chart, some in runs.items():
        for run in some:
            assert run["state"] == "succeeded", run["problem"]
            assert [link.rpartition("/")[2] for link in links_of(run, "chart")] == [f"{chart}.svg"]
            assert client.get(links_of(run, "chart")[0]).content.startswith(b"<?xml")
            told = words_of(client.get(links_of(run, "report")[0]), tmp_path)
            assert "144 areal units used" in told
            assert "events used" not in told
            assert ("version 1 (draft), Town" if chart == "beats" else "Five plans from compact to even, Town") in told


def test_a_report_is_the_same_each_time(client, plan):
    address = f"{BASE}/runs/{plan['id']}/report.pdf"
    assert client.get(address).content == client.get(address).content


def test_reports_and_maps_of_plans_are_for_those_who_may_read_them(client_as, plan):
    key = plan["summary"]["beat_plan_id"]
    for path in (f"{BASE}/runs/{plan['id']}/report.pdf", f"{PLANS}/{key}/map"):
        assert client_as(Role.MUNICIPALITY, "town").get(path).status_code == 200
        assert client_as(Role.REPORTER, "town").get(path).status_code == 403


def test_the_map_of_a_run_says_why_beats_are_not_as_asked_for_and_who_moves(client, crowded):
    document = client.get(links_of(crowded, "map")[0])
    assert document.status_code == 200, document.text
    assert "alone has 9,000 residents" in document.text
    for told in ("From beat", "residents here change beat", "Residents moved in"):
        assert told in document.text
    figures = crowded["summary"]["figures"]
    assert figures["moved_residents"] > 0
    assert f"{figures['moved_residents']:,} (" in document.text
    assert client.get(f"{BASE}/maps/beats").text.count("From beat") == document.text.count("From beat")


def test_the_map_of_a_first_plan_speaks_of_no_moves(client, plan):
    document = client.get(links_of(plan, "map")[0])
    assert "change beat" not in document.text


def test_any_two_plans_are_compared_on_a_map_whatever_their_beats_are_called(client, plan, crowded):
    first, second = (run["summary"]["beat_plan_id"] for run in (plan, crowded))
    document = client.get(f"{PLANS}/{second}/map", params={"before": first})
    assert document.status_code == 200, document.text
    found = client.get(f"{PLANS}/{second}/comparison", params={"before": first}).json()
    assert f"{found['moved_residents']:,} (" in document.text
    for told in ("Residents who come", "Residents who go", "Workload before"):
        assert told in document.text
    same = client.get(f"{PLANS}/{first}/map", params={"before": first})
    assert "Nobody changes beat" in same.text


def test_each_of_five_plans_has_its_map(client, do):  # noqa: F811
    for point in do("trade-off", MADE)["summary"]["points"]:
        document = client.get(f"{PLANS}/{point['beat_plan_id']}/map")
        assert document.status_code == 200
        assert "Plan A, " in document.text


@pytest.mark.parametrize(("key", "query"), [(77, ""), (None, "?before=77"), (None, "?before=0"), (None, "?before=x")])
def test_maps_of_plans_that_are_not_there_are_refused(client, plan, key, query):
    answer = client.get(f"{PLANS}/{key or plan['summary']['beat_plan_id']}/map{query}")
    assert answer.status_code == (404 if "77" in f"{key}{query}" else 400), answer.text
    assert "77" in answer.json()["detail"] or "before" in answer.json()["detail"]
