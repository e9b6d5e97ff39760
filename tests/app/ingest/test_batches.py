"""Batches as a whole: idempotent, all or nothing, profiles kept, many rows at once."""

import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from import_figures import codes, counts
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from app.database import bulk_loading
from app.database.roles import as_owner
from app.errors import InvalidInputError
from app.ingest import loading
from app.ingest.service import import_file

ROWS = "id,category,occurred_from,longitude,latitude\n1,a,2026-03-01,22.60,57.25\n2,b,2026-03-02,22.61,57.26\n"


def test_same_file_again_changes_nothing(take_in, rows):
    first = take_in(ROWS)
    before = rows("select * from incident order by id")
    again = take_in(ROWS)
    assert counts(again) == (0, 0, 2, 0)
    assert rows("select * from incident order by id") == before
    assert rows("select accepted, unchanged from import_batch order by id") == [(2, 0), (0, 2)]
    assert again.batch_id > first.batch_id


def test_changed_and_new_rows_are_told_apart(take_in, rows):
    take_in(ROWS)
    report = take_in(ROWS.replace("22.61", "22.62") + "3,c,2026-03-03,22.63,57.26\n")
    assert counts(report) == (1, 1, 1, 0)
    found = rows("select external_id, st_x(geom), batch_id from incident order by external_id")
    assert [(key, x) for key, x, _ in found] == [("1", 22.60), ("2", 22.62), ("3", 22.63)]
    assert [batch == report.batch_id for _, _, batch in found] == [False, True, True]


def test_sources_and_municipalities_keep_their_rows_apart(take_in, rows):
    take_in(ROWS)
    assert counts(take_in(ROWS, source="other")) == (2, 0, 0, 0)
    assert rows("select count(*) from incident") == [(4,)]


def test_file_without_identifiers_is_idempotent_and_a_longer_one_is_warned_of(take_in):
    text = ROWS.replace("id,", "nr.x,")
    assert counts(take_in(text)) == (2, 0, 0, 0)
    again = take_in(text)
    assert counts(again) == (0, 0, 2, 0)
    assert "no_identifiers" not in codes(again)
    longer = take_in(text + "3,c,2026-03-03,22.63,57.26\n")
    assert counts(longer) == (3, 0, 0, 0)
    assert "no_identifiers" in codes(longer)


def test_profile_is_kept_and_used_again(take_in, rows):
    text = "nr;art;wann;ost;nord\n1;a;01.02.2026 10:00;596553,5;6346519\n"
    columns = {"external_id": "nr", "category": "art", "occurred_from": "wann", "x": "ost", "y": "nord"}
    take_in(text, crs="EPSG:32634", date_format="day-first", timezone="UTC", columns=columns)
    assert counts(take_in(text)) == (0, 0, 1, 0)
    [(profile,)] = rows("select profile from source")
    assert profile == {"crs": "EPSG:32634", "date_format": "day-first", "timezone": "UTC", "columns": columns}
    assert rows("select occurred_from::text from incident") == [("2026-02-01 10:00:00+00",)]
    assert counts(take_in(text, date_format="month-first")) == (0, 1, 0, 0)
    with pytest.raises(InvalidInputError, match="no column 'nr'") as refused:
        take_in(text.replace("nr;", "nummer;"))
    assert "--map external_id=COLUMN" in refused.value.hint


def test_failure_in_the_middle_leaves_nothing(take_in, rows, monkeypatch):
    def fail(*_arguments):
        raise RuntimeError("no more")

    monkeypatch.setattr(loading.Loader, "_quarantine", fail)
    with pytest.raises(RuntimeError, match="no more"):
        take_in(ROWS)
    monkeypatch.undo()
    assert rows("select count(*) from source") == [(0,)]
    assert counts(take_in(ROWS)) == (2, 0, 0, 0)


def test_stopping_from_the_progress_report_leaves_nothing(take_in, rows):
    class StopError(Exception):
        pass

    def stop(fraction, _message):
        if fraction > 0:
            raise StopError

    with pytest.raises(StopError):
        take_in(ROWS, progress=stop)
    assert rows("select count(*) from incident") == [(0,)]


KILLED = """
import sys, threading
from pathlib import Path
from sqlalchemy import make_url
from app.database.sessions import Database
from app.ingest.service import import_file

def wait(fraction, message):
    if fraction > 0:
        print("loaded", flush=True)
        threading.Event().wait()

import_file(Database(make_url(sys.argv[1])), "talsi", "incidents", Path(sys.argv[2]), source="police", progress=wait)
"""


def test_kill_in_the_middle_leaves_nothing(take_in, rows, database_url, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    with subprocess.Popen([sys.executable, "-c", KILLED, database_url, path], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"loaded\n"
        process.send_signal(signal.SIGKILL)
    for table in ("source", "import_batch", "incident", "quarantined_row"):
        assert rows(f"select count(*) from {table}") == [(0,)]
    assert counts(take_in(path)) == (2, 0, 0, 0)


def test_two_imports_of_one_source_wait_for_each_other(database, talsi, tmp_path, rows):
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    reports = []

    def run():
        reports.append(import_file(database, talsi, "incidents", path, source="police"))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts(report) for report in reports) == [(0, 0, 2, 0)] * 3 + [(2, 0, 0, 0)]
    assert rows("select count(*) from incident") == [(2,)]


@pytest.fixture
def many_rows(tmp_path):
    """A file of 3,000 rows in random order, 1 in 100 bad."""
    generator = np.random.default_rng(3)
    lines = ["id,category,occurred_from,longitude,latitude"]
    for n in generator.permutation(3_000).tolist():
        x, y = (0, 0) if n % 100 == 0 else generator.random(2) * (0.18, 0.08) + (22.51, 57.21)
        lines.append(f"{n},c{n % 7},2026-03-{1 + n % 28:02d} {n % 24:02d}:{n % 60:02d},{x:.6f},{y:.6f}")
    path = tmp_path / "many.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


STRUCTURE = """
    select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = 'incident'::regclass
    union all select indexname, indexdef from pg_indexes where tablename = 'incident'
    union all select policyname, roles::text || qual || with_check from pg_policies where tablename = 'incident'
    union all select 'row security', concat(relrowsecurity, relforcerowsecurity, relacl::text) from pg_class
        where oid = 'incident'::regclass order by 1, 2
"""


def test_many_rows_leave_every_key_reference_and_index_as_it_was(take_in, rows, many_rows, monkeypatch):
    take_in(ROWS, source="small")
    before = rows(STRUCTURE)
    monkeypatch.setattr(bulk_loading, "BULK_ROWS", 1_000)
    seen = []
    original = bulk_loading._lock
    monkeypatch.setattr(bulk_loading, "_lock", lambda *args: seen.append(args[1]) or original(*args))
    assert counts(take_in(many_rows)) == (2_970, 0, 0, 30)
    assert seen == ["incident"]
    assert rows(STRUCTURE) == before
    assert counts(take_in(many_rows)) == (0, 0, 2_970, 30)
    assert rows("select count(*) from incident") == [(2_972,)]


def test_readers_who_hold_the_table_only_make_the_import_slower(take_in, rows, many_rows, database, monkeypatch):
    monkeypatch.setattr(bulk_loading, "BULK_ROWS", 1_000)
    monkeypatch.setattr(bulk_loading, "LOCK_TIMEOUT", "100ms")
    with database.transaction() as reader:
        reader.execute(text("select count(*) from incident"))
        assert counts(take_in(many_rows)) == (2_970, 0, 0, 30)


def load_incident_of_nobody(session):
    """Load an incident of a municipality that does not exist, without references in place."""
    statement = """insert into incident (municipality_id, geom, x, y, time_precision)
        values (77, st_setsrid(st_point(22.6, 57.2), 4326), 0, 0, 'day')"""
    with bulk_loading.bulk_loading(session, "incident", 10**6), as_owner(session):
        session.execute(text(statement))


def test_reference_that_would_dangle_stops_a_bulk_load(database):
    with pytest.raises(IntegrityError, match="fk_incident_municipality_id"), database.transaction() as session:
        load_incident_of_nobody(session)


def test_small_loads_into_large_tables_keep_the_indexes(take_in, many_rows, monkeypatch):
    monkeypatch.setattr(bulk_loading, "BULK_ROWS", 2)
    take_in(many_rows)
    monkeypatch.setattr(bulk_loading, "_lock", lambda *_: pytest.fail("the indexes would be dropped"))
    assert counts(take_in(ROWS, source="small")) == (2, 0, 0, 0)


def test_progress_never_goes_back(take_in, many_rows):
    told = []
    take_in(many_rows, progress=lambda fraction, _message: told.append(fraction))
    assert told == sorted(told)
