"""Zones and hot spots out of imported reports: without staff, duplicates and the pile at City Hall."""

import json

import pytest
import shapely
from sqlalchemy import text

from app.audit.events import OPERATOR
from app.danger_zones.service import zones_from_reports
from app.events.schemas import EventSelection
from app.events.service import count_events, read_events
from app.hot_spots import service as hot_spots
from app.ingest.municipalities import MunicipalityOptions, import_municipalities
from app.ingest.service import import_file
from app.jobs.worker import Worker
from app.municipalities.service import create_municipality, find_municipality
from app.runs import service as runs

SMALL = """case_enquiry_id,open_dt,closed_dt,case_status,reason,source,longitude,latitude
1,2026-03-01 10:00,2026-03-02 10:00,Closed,Street Lights,Citizens Connect App,22.6,57.25
2,2026-03-01 11:00,,Open,Street Lights,Citizens Connect App,22.6,57.25
3,2026-03-01 12:00,,Open - Dup,Street Lights,Citizens Connect App,22.6,57.25
4,2026-03-01 13:00,2026-03-02 10:00,Closed,Graffiti,Citizens Connect App,22.6,57.25
5,2026-03-01 14:00,,Open,Graffiti,Employee Generated,22.61,57.25
"""

CITY_HALL = shapely.Point(-71.0587, 42.3594)


def gather(database, code):
    with database.transaction() as session:
        return zones_from_reports(session, find_municipality(session, code), OPERATOR)


def zones(database, code, what):
    with database.transaction() as session:
        town = find_municipality(session, code)
        statement = text(f"select {what} from danger_zone where municipality_id = :m order by 1")
        return [tuple(row) for row in session.execute(statement, {"m": town.id})]


@pytest.fixture
def small(database, tmp_path):
    with database.transaction() as session:
        create_municipality(
            session, code="talsi", name="Talsi", boundary=shapely.box(22.5, 57.2, 22.7, 57.3), time_zone="Europe/Riga"
        )
    file = tmp_path / "reports.csv"
    file.write_text(SMALL)
    import_file(database, "talsi", "reports", file, source="311", profile={})


def test_a_zone_for_each_concern_and_place(database, small):
    made = gather(database, "talsi")
    assert (made.zones, made.reports, made.staff, made.duplicates, made.on_piles) == (2, 3, 1, 1, 0)
    assert zones(database, "talsi", "status, reporters") == [("fixed", 1), ("received", 2)]
    assert gather(database, "talsi").zones == 0


def test_events_are_reports_of_residents_each_reporter_once(database, small):
    selection = EventSelection(events="reports")
    with database.transaction() as session:
        town = find_municipality(session, "talsi")
        read = read_events(session, town, selection)
        assert (len(read.x), read.excluded) == (3, {"staff": 1, "duplicate": 1})
        zones_from_reports(session, town, OPERATOR)
        session.execute(text("update report set reporter_key = '\\x01' where external_id in ('1', '2')"))
        assert count_events(session, town, selection) == 2
        assert read_events(session, town, selection).excluded == {"staff": 1, "duplicate": 1, "same_reporter": 1}


@pytest.mark.real_data
def test_boston_without_staff_and_without_city_hall(database, shared_data):
    options = MunicipalityOptions(
        dissolve=True, skip_invalid=True, name="boston", code="boston", time_zone="America/New_York"
    )
    import_municipalities(database, shared_data / "boston/police_districts.geojson", options)
    file = shared_data / "boston/reports_311_2011h2.csv.gz"
    import_file(database, "boston", "reports", file, source="open data", profile={})
    made = gather(database, "boston")
    assert made.staff == 10_300
    assert made.on_piles > 500
    assert made.reports + made.staff + made.duplicates + made.on_piles + made.uncategorised == 30_397
    at_city_hall = "count(*) filter (where st_dwithin(geom, st_setsrid(st_point(-71.0587, 42.3594), 4326), 0.00005))"
    assert zones(database, "boston", at_city_hall) == [(0,)]
    assert zones(database, "boston", "max(reporters)")[0][0] < 60
    with database.transaction() as session:
        city = find_municipality(session, "boston")
        run = runs.submit_run(session, city, "getis-ord", {"events": "reports", "cell_m": 400}, None)
        of_zones = runs.submit_run(session, city, "getis-ord", {"events": "danger-zones", "cell_m": 400}, None)
    Worker(database).run_until_idle()
    with database.transaction() as session:
        city = find_municipality(session, "boston")
        run = runs.get_run(session, city, run.id)
        page = hot_spots.result_features(session, city, run.kind, run.id, hot_spots.whole_result(None))
    assert run.summary["excluded"] == {"staff": 10_300, "point_mass": 1_331}
    assert run.summary["n_used"] == 30_397 - 10_300 - 1_331
    cells = json.loads(f"[{page.features}]")
    (at_hall,) = [
        cell["properties"]["count"]
        for cell in cells
        if shapely.from_geojson(json.dumps(cell["geometry"])).contains(CITY_HALL)
    ]
    assert at_hall < 1_426 - 1_331 + 50, "what residents reported around it is left"
    assert at_hall < max(cell["properties"]["count"] for cell in cells)
    with database.transaction() as session:
        found = runs.get_run(session, find_municipality(session, "boston"), of_zones.id)
    assert found.summary["n_used"] == made.zones
    assert "point_mass" not in found.summary["excluded"], "no pile became a danger zone"


@pytest.mark.real_data
def test_chicago_honours_the_duplicates_of_its_source(database, shared_data):
    options = MunicipalityOptions(
        dissolve=True, skip_invalid=True, name="chicago", code="chicago", time_zone="America/Chicago"
    )
    import_municipalities(database, shared_data / "chicago/police_districts.geojson", options)
    file = shared_data / "chicago/reports_311_sanitation.csv.gz"
    import_file(database, "chicago", "reports", file, source="open data", profile={})
    made = gather(database, "chicago")
    assert made.duplicates > 3_000
    with database.transaction() as session:
        city = find_municipality(session, "chicago")
        read = read_events(session, city, EventSelection(events="reports"))
    assert read.excluded["duplicate"] == made.duplicates
    assert made.zones <= made.reports
    assert made.reports + made.staff + made.duplicates + made.on_piles + made.uncategorised >= 74_002


ZONES = """id,category,status,reported_by,reporters,lon,lat,reported_at
z1,traffic,open,citizen,31,22.6,57.25,2026-01-05
z2,traffic,open,citizen,1,22.61,57.25,2026-02-05
z3,drugs,fixed,survey,2,22.61,57.25,2026-03-05
z4,drugs,open,municipality,0,22.62,57.25,2026-03-05
z5,traffic,duplicate,citizen,1,22.6,57.25,2026-03-05
z6,traffic,rejected,citizen,1,22.6,57.25,2026-03-05
"""


def test_danger_zones_are_events_once_each_without_staff_duplicates_and_rejected_ones(database, small, tmp_path):
    file = tmp_path / "zones.csv"
    file.write_text(ZONES)
    import_file(database, "talsi", "danger-zones", file, source="council", profile={})
    selection = EventSelection(events="danger-zones")
    with database.transaction() as session:
        town = find_municipality(session, "talsi")
        read = read_events(session, town, selection)
        assert (len(read.x), read.excluded) == (3, {"staff": 1, "duplicate": 1, "rejected": 1})
        assert (str(read.first_day), str(read.last_day)) == ("2026-01-05", "2026-03-05")
        chosen = {"categories": ("traffic",), "period_from": "2026-02-01", "source": "council"}
        assert count_events(session, town, EventSelection(events="danger-zones", **chosen)) == 1
        reports = read_events(session, town, EventSelection(events="reports"))
        assert abs(reports.x.mean() - read.x.mean()) < 20_000, "both are metres of the same system"
        for kind in ("getis-ord", "kernel-density"):
            body = {"events": "danger-zones", "cell_m": 300} | ({} if kind == "getis-ord" else {"radius_m": 900})
            runs.submit_run(session, town, kind, body, None)
    Worker(database).run_until_idle()
    with database.transaction() as session:
        town = find_municipality(session, "talsi")
        done = runs.list_runs(session, town)
        assert {run.state for run in done} == {"succeeded"}, [run.problem for run in done]
        assert {run.summary["n_used"] for run in done} == {3}
        assert all(run.parameters["exclude_point_masses"] for run in done)
