"""`kvart beats`: every command from files, and every bad input told by row and reason with exit code 2."""

from __future__ import annotations

import json
import shutil
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from app.cli import main

SIDE = 10


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run a command in this process; return exit code, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("KVART_HOME", str(tmp_path / "never"))

    def run_command(*arguments):
        monkeypatch.setattr(sys, "argv", ["kvart", "beats", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert not (tmp_path / "never").exists(), "these commands need no database"
        return ended.value.code or 0, captured.out, captured.err

    return run_command


@pytest.fixture
def town(tmp_path, files):
    """A copy of the town in the working directory."""
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """100 squares of 600 residents with calls, speakers and a plan in force; streets, officers and stations."""
    cells = [(row, column) for row in range(SIDE) for column in range(SIDE)]
    frame = gpd.GeoDataFrame(
        {
            "code": [f"U{row}{column}" for row, column in cells],
            "people": 600,
            "calls": [10 + 5 * column for _, column in cells],
            "speakers": [300 if row > 6 else 0 for row, _ in cells],
            "now": [f"B{2 * (row // 2) + column // 5}" for row, column in cells],
        },
        geometry=[shapely.box(column * 200, row * 200, column * 200 + 200, row * 200 + 200) for row, column in cells],
        crs="EPSG:32634",
    )
    frame.geometry = frame.geometry.translate(500_000, 4_650_000)
    tmp_path = tmp_path_factory.mktemp("town")
    frame.to_file(tmp_path / "units.gpkg")
    plan = frame[["code", "now"]].rename(columns={"code": "unit_id", "now": "beat_id"})
    plan.to_csv(tmp_path / "plan.csv", index=False)
    (tmp_path / "officers.csv").write_text(
        "badge,station,current_beat,languages,capacity,serves_since,contact\n"
        + "".join(f"{10 + own},{'North' if own % 2 else 'South'},B{own},sq|en,1,2020-01-01,Desk {own}\n"
                  for own in range(10))
    )  # fmt: skip
    (tmp_path / "stations.csv").write_text("station,x,y\nNorth,501000,4652000\nSouth,501000,4650000\n")
    line = shapely.LineString([(501_000, 4_650_000), (501_000, 4_652_000)])
    gpd.GeoDataFrame({"name": ["River"]}, geometry=[line], crs="EPSG:32634").to_file(tmp_path / "river.gpkg")
    points = gpd.GeoSeries(shapely.points(np.full(50, 500_100.0), np.full(50, 4_650_100.0)), crs="EPSG:32634")
    degrees = points.to_crs(4326)
    kinds = ["burglary"] * 30 + ["noise"] * 20
    pd.DataFrame({"lon": degrees.x, "lat": degrees.y, "kind": kinds}).to_csv(tmp_path / "calls.csv", index=False)
    return tmp_path


@pytest.fixture
def in_town(run, town):
    """Run a command on the town."""

    def command(name, *arguments):
        return run(name, "units.gpkg", "--residents", "people", *arguments)

    return command


@pytest.fixture(autouse=True)
def _in_the_town(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def assignments(path):
    table = pd.read_csv(path, dtype=str)
    return dict(zip(table["unit_id"], table["beat_id"], strict=True))


def test_every_condition_is_kept(in_town, town):
    (town / "more.json").write_text(json.dumps({
        "forbidden_borders": [["U00", "U01"]], "locked_units": {"U55": "South"},
        "officers": {"fixed": [["10", "South"]]},
    }))  # fmt: skip
    code, out, err = in_town(
        "draw", "--out", "b.gpkg", "--assignments", "a.csv", "--report", "r.json", "--map", "m.html",
        "--workload", "calls=2", "--workload", "area_km2", "--workload", "events=1", "--count-events", "calls.csv",
        "--count-where", "kind=burglary", "--barriers", "river.gpkg", "--bridge", "U04,U05", "--lock-unit", "U99=North",
        "--lock-beat", "B0", "--current", "now", "--conditions", "more.json", "--evenness", "0.7",
        "--time-budget", "20",
        "--officers", "officers.csv", "--stations", "stations.csv", "--max-travel-km", "50", "--several-officers",
        "--forbid-officer", "11,B0", "--language", "sq=speakers", "--as-of", "2025-01-01", "--seed", "3",
    )  # fmt: skip
    assert (code, err) == (0, "")
    held = assignments("a.csv")
    assert held["U99"] == "North"
    assert held["U55"] == "South"
    before = assignments("plan.csv")
    assert {unit for unit, beat in held.items() if beat == "B0"} == {u for u, beat in before.items() if beat == "B0"}
    report = json.loads((town / "r.json").read_text())
    assert report["officers"]["officer_of_beat"]["South"] == "10"
    assert report["officers"]["officer_of_beat"]["B0"] != "11"
    assert report["proof"] is None
    assert report["before"]["beats"] == 10
    assert "2 calls + 1 area_km2 + 1 events" in out
    assert "residents here change beat" in (town / "m.html").read_text()


def test_a_barrier_is_crossed_by_no_beat(in_town):
    assert in_town("draw", "--out", "b.gpkg", "--assignments", "a.csv", "--barriers", "river.gpkg")[0] == 0
    held = assignments("a.csv")
    west, east = ({beat for unit, beat in held.items() if (unit[2] < "5") == side} for side in (True, False))
    assert not west & east


def test_a_small_plan_is_proven(in_town, town):
    code, out, _ = in_town(
        "draw", "--out", "b.gpkg", "--min-residents", "14000", "--max-residents", "16000", "--workload", "calls",
        "--min-max", "--proof", "10", "--report", "r.json",
    )  # fmt: skip
    assert code == 0
    assert "no plan below" in out
    proof = json.loads((town / "r.json").read_text())["proof"]
    assert proof["plan_peak"] >= proof["bound"] > 0


def test_redraw_from_a_table_changes_only_what_breaks(in_town, town):
    table = pd.read_csv("plan.csv")
    table.loc[table.unit_id.isin(["U00", "U01", "U02"]), "beat_id"] = "B2"
    table.to_csv("broken.csv", index=False)
    assert in_town("redraw", "--current", "broken.csv", "--out", "b.gpkg", "--assignments", "a.csv",
                   "--min-residents", "5000", "--max-residents", "7000")[0] == 0  # fmt: skip
    held, before = assignments("a.csv"), dict(zip(table["unit_id"], table["beat_id"], strict=True))
    changed = {unit for unit in held if held[unit] != before[unit]}
    assert 2 <= len(changed) <= 12
    assert all(unit[1] in "0123" for unit in changed)
    code, _, _ = in_town("redraw", "--current", "broken.csv", "--full", "--continuity", "0.001", "--out", "c.gpkg")
    assert code == 0


def test_trade_off_has_five_plans(in_town):
    code, out, _ = in_town("trade-off", "--workload", "calls", "--table", "t.csv")
    assert code == 0
    table = pd.read_csv("t.csv")
    assert table.evenness.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert (table.within_bounds == table.beats).all()
    assert "surpassed" in out


def test_officers_of_a_plan(in_town):
    code, out, err = in_town("officers", "--plan", "now", "--officers", "officers.csv", "--table", "o.csv",
                             "--stations", "stations.csv", "--fix-officer", "12,B3")  # fmt: skip
    assert (code, err) == (0, "")
    held = pd.read_csv("o.csv", dtype={"officer_id": str}).set_index("beat_id").officer_id
    assert held["B3"] == "12"
    assert held["B0"] == "10"
    assert "10 of 10 beats" in out


def test_check_tells_rows_checks_and_reasons(in_town, town):
    code, out, _ = in_town("check", "--plan", "plan.csv", "--out", "b.gpkg", "--map", "m.html", "--report", "r.json")
    assert (code, out.count("passed")) == (0, 6)
    assert gpd.read_file("b.gpkg").beat_id.tolist() == [f"B{own}" for own in range(10)]
    code, out, err = in_town("check", "--plan", "now", "--max-residents", "5000")
    assert (code, err) == (1, "")
    assert "FAILED" in out
    assert "above_max: Beat 'B0' has 6,000 residents" in out
    (town / "rows.csv").write_text("unit_id,beat_id\nU00,A\nU0x,A\nU00,B\nU01,\n,A\n")
    code, out, err = in_town("check", "--plan", "rows.csv")
    assert code == 2
    for told in ("no unit 'U0x'", "Row 3: unit 'U00' has a beat already in row 1", "Row 4", "Row 5", "4 rows at fault"):
        assert told in err
    assert "1 unit is in two beats or more" in out
    (town / "few.csv").write_text("unit_id,beat_id\nU00,A\n")
    assert "99 units have no beat" in in_town("check", "--plan", "few.csv")[2]


def test_two_plans_are_compared(in_town, town):
    table = pd.read_csv("plan.csv")
    table.loc[0, "beat_id"] = "B1"
    table.to_csv("later.csv", index=False)
    code, out, err = in_town(
        "compare", "--before", "now", "--after", "later.csv", "--table", "t.csv", "--map", "m.html"
    )
    assert (code, err) == (0, "")
    assert "600 residents (1.0%) in 1 units change beat" in out
    assert pd.read_csv("t.csv").residents_in.sum() == 600
    assert "Residents who come" in (town / "m.html").read_text()


def test_sheets_are_printed(in_town, town):
    code, _, err = in_town("sheets", "--plan", "now", "--out", "s.pdf", "--only", "B1", "--officers", "officers.csv",
                           "--streets", "river.gpkg")  # fmt: skip
    assert (code, err) == (0, "")
    assert (town / "s.pdf").read_bytes().startswith(b"%PDF")


OUT = ("--out", "x.gpkg")
OFFICERS = ("officers", "--plan", "now", "--officers")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["draw", *OUT, "--workload", "calls=much"], "'much' is no number"),
        (["draw", *OUT, "--workload", "calls", "--workload", "calls"], "'calls' twice"),
        (["draw", *OUT, "--workload", "calls=-1", "--workload", "people=1"], "'calls' is -1"),
        (["draw", *OUT, "--workload", "cals=1", "--workload", "people=1"], "Did you mean 'calls'"),
        (["draw", *OUT, "--count-events", "calls.csv", "--count-where", "kind=murder"], "No row of calls.csv"),
        (["draw", *OUT, "--count-events", "calls.csv", "--count-where", "kind"], "no COL=VALUE"),
        (["draw", *OUT, "--bridge", "U00"], "--bridge 'U00' is not UNIT,UNIT"),
        (["draw", *OUT, "--bridge", "U00,U9x"], "'U9x'"),
        (["draw", *OUT, "--bridge", "U00,U99", "--forbidden-border", "U00,U99"], "U00"),
        (["draw", *OUT, "--barriers", "units.gpkg"], "lines"),
        (["draw", *OUT, "--lock-unit", "U9x=A"], "'U9x'"),
        (["draw", *OUT, "--lock-unit", "U00=A", "--lock-beat", "B0", "--current", "now"], "U00"),
        (["draw", *OUT, "--lock-beat", "B77", "--current", "now"], "'B77'"),
        (["draw", *OUT, "--lock-beat", "B0"], "B0"),
        (["draw", *OUT, "--conditions", "calls.csv"], "calls.csv is no JSON"),
        (["draw", *OUT, "--conditions", "wrong.json"], "wrong.json, bridge"),
        (["draw", *OUT, "--conditions", "missing.json"], "missing.json"),
        (["draw", *OUT, "--current", "nowhere"], "nowhere"),
        (["draw", *OUT, "--current", "rows.csv"], "rows.csv, row 2: unit 'U0x' does not exist"),
        (["draw", *OUT, "--evenness", "2"], "evenness is 2"),
        (["draw", *OUT, "--evenness", "nan"], "evenness is nan"),
        (["draw", *OUT, "--time-budget", "0"], "time budget is 0"),
        (["draw", *OUT, "--beats", "0"], "0"),
        (["draw", *OUT, "--beats", "3"], "3"),
        (["draw", *OUT, "--min-residents", "-5"], "-5"),
        (["draw", *OUT, "--proof", "-1"], "-1"),
        (["draw", *OUT, "--as-of", "soon", "--officers", "officers.csv"], "--as-of 'soon'"),
        (["draw", *OUT, "--officers", "officers.csv", "--as-of", "2019-01-01"], "'10' (row 1) serves since 2020-01-01"),
        ([*OFFICERS, "unknown.csv", "--stations", "stations.csv"], "'8' (row 2) belongs to station 'West'"),
        ([*OFFICERS, "unknown.csv", "--stations", "calls.csv"], "no table of stations"),
        ([*OFFICERS, "part.csv"], "'7' (row 1) has capacity 2"),
        ([*OFFICERS, "officers.csv", "--fix-officer", "99,B0"], "no officer '99'"),
        ([*OFFICERS, "officers.csv", "--fix-officer", "10,B0", "--forbid-officer", "10,B0"], "both locked"),
        ([*OFFICERS, "officers.csv", "--forbid-officer", "10"], "not OFFICER,BEAT"),
        ([*OFFICERS, "officers.csv", "--max-travel-km", "-1"], "-1"),
        ([*OFFICERS, "officers.csv", "--language", "sq=speekers"], "Did you mean 'speakers'"),
        ([*OFFICERS, "missing.csv"], "missing.csv"),
        (["officers", "--plan", "rows.csv", "--officers", "officers.csv"], "Row 2: there is no unit 'U0x'"),
        (["check", "--plan", "nothing.csv"], "neither a column of the units nor a file"),
        (["check", "--plan", "calls.csv"], "no column 'unit_id'"),
        (["check", "--plan", "now", "--map", "m.html"], "--out"),
        (["check", "--plan", "ragged.csv"], "ragged.csv, line 3"),
        (["check", "--plan", "rows.csv", "--out", "x.gpkg"], "Row 2"),
        (["compare", "--before", "rows.csv", "--after", "now"], "Row 2"),
        (["compare", "--before", "now", "--after", "rows.csv"], "Row 2"),
        (["sheets", "--plan", "now", "--out", "s.png"], ".pdf"),
        (["sheets", "--plan", "now", "--out", "s.pdf", "--only", "B99"], "B99"),
        (["sheets", "--plan", "now", "--out", "s.pdf", "--officers", "part.csv"], "current_beat"),
        (["redraw", *OUT, "--current", "now", "--continuity", "nan"], "nan"),
    ],
)
def test_bad_input_is_told_in_one_message_and_nothing_is_written(in_town, town, arguments, told):
    (town / "wrong.json").write_text('{"bridge": []}')
    (town / "rows.csv").write_text("unit_id,beat_id\nU00,A\nU0x,A\n")
    (town / "ragged.csv").write_text("unit_id,beat_id\nU00,A\nU01,A,B\n")
    (town / "unknown.csv").write_text("badge,station\n7,North\n8,West\n")
    (town / "part.csv").write_text("badge,capacity\n7,2\n")
    before = sorted(town.iterdir())
    code, _, err = in_town(*arguments)
    assert code == 2, err
    assert told in err
    assert "Traceback" not in err
    assert sorted(town.iterdir()) == before


@pytest.mark.parametrize(
    ("column", "row", "value", "told"),
    [
        ("people", 12, None, "U12"),
        ("people", 12, -5, "U12"),
        ("people", 12, 3.5, "U12"),
        ("people", 12, 1e300, "U12"),
        ("people", 12, float("inf"), "U12"),
        ("calls", 7, -1.0, "U07"),
        ("calls", 7, None, "U07"),
        ("code", 5, "U04", "U04"),
        ("geometry", 3, shapely.box(500_000, 4_650_000, 500_400, 4_650_400), "overlap"),
        ("geometry", 3, shapely.Polygon([(0, 0), (200, 200), (200, 0), (0, 200)]), "feature 4"),
        ("geometry", 3, shapely.Point(500_700, 4_650_100), "point"),
    ],
)
def test_what_is_wrong_with_a_unit_is_told_by_its_name(run, town, column, row, value, told):
    frame = gpd.read_file("units.gpkg")
    frame[column] = frame[column].astype(object)
    frame.loc[row, column] = value
    gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:32634").to_parquet("changed.parquet")
    code, _, err = run("draw", "changed.parquet", "--residents", "people", "--workload", "calls", "--unit-id", "code",
                       *OUT)  # fmt: skip
    assert code == 2, err
    assert told in err
    assert not (town / "x.gpkg").exists()


def test_a_budget_ends_the_search(in_town):
    code, out, _ = in_town("draw", *OUT, "--time-budget", "0.001")
    assert code == 0
    assert "cut_short" in out


def test_events_count_at_hours_and_by_the_way_to_them(in_town, town):
    calls = pd.read_csv(town / "calls.csv")
    calls["when"] = ["2024-02-09 23:30"] * 30 + ["2024-02-10 12:00"] * 20
    calls.to_csv(town / "calls.csv", index=False)
    counted = ("--count-events", "calls.csv", "--time", "when", "--time-zone", "Europe/Riga")
    night = (*counted, "--count-hours", "22-6", "--count-weekdays", "fri")
    code, _, err = in_town("draw", "--out", "b.gpkg", *night, "--workload", "events")
    assert (code, err) == (0, "")
    assert gpd.read_file("b.gpkg")["workload"].sum() == 30
    code, _, err = in_town("draw", "--out", "c.gpkg", *night, "--workload", "travel_km", "--stations", "stations.csv")
    assert (code, err) == (0, "")
    assert gpd.read_file("c.gpkg")["workload"].sum() == pytest.approx(30 * np.hypot(0.9, 0.1), rel=1e-3)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--count-hours", "22"), "no part of the day"),
        (("--count-weekdays", "someday"), "no day 'som'"),
        (("--count-hours", "22-6", "--time", "when"), "no column 'when'"),
        (("--count-hours", "22-6"), "--time"),
        (("--workload", "travel_km"), "--stations"),
    ],
)
def test_hours_and_ways_that_cannot_count_are_refused(in_town, town, options, told):
    code, _, err = in_town("draw", "--out", "b.gpkg", "--count-events", "calls.csv", "--time-zone", "UTC", *options)
    assert code == 2
    assert told in err
    assert not (town / "b.gpkg").exists()


def test_gap_and_shortest_border_of_neighbours_are_options(in_town, town):
    code, _, err = in_town("draw", "--out", "b.gpkg", "--min-shared-m", "250", "--snap-m", "1")
    assert (code, err) == (0, "")
    assert len(gpd.read_file("b.gpkg")) == SIDE * SIDE
    code, _, err = in_town("draw", "--out", "c.gpkg", "--snap-m", "-1")
    assert code == 2
    assert "snap_m" in err
