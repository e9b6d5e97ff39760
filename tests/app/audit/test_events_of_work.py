"""Imports, runs, exports and backups leave their events."""

import pytest
import shapely
from sqlalchemy import text

from app.database.roles import DatabaseRole
from app.ingest.service import import_file
from app.jobs.handlers import RunResult
from app.jobs.worker import Worker
from app.municipalities.service import create_municipality, find_municipality
from app.runs.service import submit_run


@pytest.fixture
def talsi(database):
    box = shapely.box(22.5, 57.2, 22.7, 57.3)
    with database.transaction() as session:
        return create_municipality(session, code="talsi", name="Talsi", boundary=box, time_zone="Europe/Riga")


@pytest.fixture
def incidents(tmp_path):
    path = tmp_path / "incidents.csv"
    path.write_text("id,lon,lat,date\n1,22.6,57.25,2026-01-01 12:00\n2,99,99,2026-01-01 12:00\n")
    return path


def events(database, kind):
    with database.transaction(DatabaseRole.AUDIT) as session:
        statement = text("select actor, municipality_id, what, batch_id from audit_event where kind = :k order by id")
        return session.execute(statement, {"k": kind}).all()


def test_an_import_is_a_collection(database, talsi, incidents):
    report = import_file(database, "talsi", "incidents", incidents, source="police")
    (event,) = events(database, "collection")
    assert (event.actor, event.municipality_id) == ("operator", talsi.id)
    assert event.what.items() >= {"collection": "incidents", "batch": report.batch_id, "accepted": 1}.items()


def test_a_run_is_a_combination_that_names_its_inputs(database, talsi):
    with database.transaction() as session:
        municipality = find_municipality(session, "talsi")
        run = submit_run(session, municipality, "getis-ord", {"events": "incidents"})
    handlers = {"getis-ord": lambda *_: RunResult({}, input_fingerprint="f" * 64)}
    Worker(database, handlers=handlers).run_until_idle()
    (event,) = events(database, "combination")
    assert (event.actor, event.municipality_id) == ("worker", talsi.id)
    assert event.what["run"] == run.id
    assert event.what["input_fingerprint"] == "f" * 64
    assert event.what["parameters"]["events"] == "incidents"


def test_quarantined_rows_in_a_file_are_a_disclosure_on_the_screen_a_consultation(
    database, talsi, incidents, invoke, tmp_path
):
    import_file(database, "talsi", "incidents", incidents, source="police")
    assert invoke("quarantine", "--batch", 1).exit_code == 0
    assert invoke("quarantine", "--batch", 1, "--out", tmp_path / "rows.csv").exit_code == 0
    for kind in ("consultation", "disclosure"):
        (event,) = events(database, kind)
        assert event.what == {"collection": "quarantine", "batch": 1, "returned": 1}
        assert event.batch_id is not None


def test_a_backup_is_a_disclosure_of_everything(database, talsi, invoke, tmp_path):
    assert invoke("db", "backup", tmp_path / "backup").exit_code == 0
    (event,) = events(database, "disclosure")
    assert event.what["collection"] == "backup"
    assert invoke("db", "restore", "--replace", tmp_path / "backup").exit_code == 0
    (event,) = events(database, "alteration")
    assert event.what == {"collection": "backup", "action": "restore", "replaced": True}
