"""Rules of retention: what is older goes, what is not stays, and the log tells counts only."""

import json
import os
import time

import pytest
from sqlalchemy import text

from app.database.roles import DatabaseRole
from app.errors import InvalidInputError, NotFoundError
from app.municipalities.service import find_municipality
from app.retention.daily import DailyRetention, apply_now
from app.retention.service import apply_rules, erase, set_rule, show_rules
from app.settings import DatabaseSettings

TABLES = {
    "incidents": "incident",
    "reports": "report",
    "danger-zones": "danger_zone",
    "reporter-data": "reporter_link",
    "quarantined-rows": "quarantined_row",
    "runs": "analysis_run",
}
BEFORE = {
    "incidents": 6,
    "reports": 2,
    "danger-zones": 2,
    "reporter-data": 2,
    "quarantined-rows": 3,
    "runs": 2,
}


@pytest.fixture
def decide(database):
    def set_days(collection, days, code="talsi"):
        with database.transaction() as session:
            set_rule(session, find_municipality(session, code), collection, days)

    return set_days


def left(database, municipality):
    with database.owner_engine.begin() as connection:
        return {
            name: connection.scalar(text(f"select count(*) from {table} where municipality_id = {municipality}"))
            for name, table in TABLES.items()
        }


def erasures(database):
    with database.transaction(DatabaseRole.AUDIT) as session:
        return session.scalars(text("select what from audit_event where kind = 'erasure' order by id")).all()


def test_by_default_only_raw_rows_and_reporter_data_go(database, talsi, tmp_path):
    erased = apply_rules(database, tmp_path)
    assert [(one.collection, one.rows) for one in erased] == [("quarantined-rows", 2)]
    assert left(database, talsi) == BEFORE | {"quarantined-rows": 1}


@pytest.mark.parametrize(
    ("collection", "days", "gone"),
    [
        ("incidents", 50, 4),
        ("incidents", 500, 2),
        ("reports", 5, 2),
        ("danger-zones", 50, 1),
        ("reporter-data", 50, 2),
        ("quarantined-rows", 5, 3),
        ("runs", 50, 1),
        ("incidents", 5000, 0),
    ],
)
def test_what_is_older_goes_and_is_counted_in_the_log(database, talsi, decide, tmp_path, collection, days, gone):
    decide("quarantined-rows", 36_500)
    decide(collection, days)
    would = apply_rules(database, tmp_path, dry_run=True)
    assert left(database, talsi) == BEFORE
    erased = apply_rules(database, tmp_path)
    assert erased == would
    assert sum(one.rows for one in erased if one.collection == collection) == gone
    assert left(database, talsi)[collection] == BEFORE[collection] - gone
    told = [what for what in erasures(database) if what["collection"] == collection]
    assert [what["rows"] for what in told] == ([gone] if gone else [])
    assert "secret" not in json.dumps(told)
    assert apply_rules(database, tmp_path) == []


def test_a_rule_ends_at_its_municipality(database, talsi, neighbour, decide, tmp_path):
    decide("incidents", 5)
    apply_rules(database, tmp_path, municipality="talsi")
    assert left(database, talsi)["incidents"] == 0
    assert left(database, neighbour) == BEFORE


def test_nothing_to_erase(database, tmp_path):
    assert apply_rules(database, tmp_path) == []
    with pytest.raises(NotFoundError, match="nowhere"):
        apply_rules(database, tmp_path, municipality="nowhere")


@pytest.mark.parametrize(
    ("collection", "days", "message"),
    [
        ("incidents", 0, "0 is no number of days"),
        ("incidents", -5, "-5 is no number of days"),
        ("incidents", 36_501, "36501 is no number of days"),
        ("gossip", 5, "no collection 'gossip'"),
        ("quarantined-rows", None, "never kept for good"),
        ("reporter-data", None, "never kept for good"),
    ],
)
def test_rules_that_cannot_be_are_refused(talsi, decide, collection, days, message):
    with pytest.raises(InvalidInputError, match=message):
        decide(collection, days)


def test_a_rule_can_be_changed_and_is_written_down(database, talsi, decide):
    decide("incidents", 50)
    decide("incidents", None)
    with database.transaction() as session:
        rules = {rule.collection: rule for rule in show_rules(session, find_municipality(session, "talsi"))}
        changes = session.scalars(text("select what from audit_event where kind = 'alteration' order by id")).all()
    assert (rules["incidents"].days, rules["incidents"].is_default) == (None, False)
    assert (rules["uploads"].days, rules["uploads"].is_default) == (90, True)
    assert [what["days"] for what in changes] == [50, None]


def test_old_uploads_are_removed(database, talsi, tmp_path):
    for name, age in (("new", 10), ("old", 100)):
        directory = tmp_path / "talsi" / name
        directory.mkdir(parents=True)
        (directory / "a.csv").write_text("x")
        written = time.time() - age * 86_400
        for path in (directory / "a.csv", directory):
            os.utime(path, (written, written))
    erased = {one.collection: one.rows for one in apply_rules(database, tmp_path)}
    assert erased["uploads"] == 1
    assert [path.name for path in (tmp_path / "talsi").iterdir()] == ["new"]


@pytest.mark.parametrize(
    ("what", "collection"), [("incident", "incidents"), ("report", "reports"), ("danger-zone", "danger-zones")]
)
def test_one_row_is_erased_with_its_reason(database, talsi, what, collection):
    with database.transaction() as session:
        found = find_municipality(session, "talsi")
        identifier = session.scalar(text(f"select min(id) from {TABLES[collection]}"))
        erase(session, found, what, identifier, " asked by the person ")
    assert left(database, talsi)[collection] == BEFORE[collection] - 1
    (told,) = erasures(database)
    assert told == {"collection": collection, "id": identifier, "rows": 1, "reason": "asked by the person"}


@pytest.mark.parametrize(
    ("what", "identifier", "reason", "error"),
    [
        ("incident", 999, "asked", NotFoundError),
        ("incident", 1, "  ", InvalidInputError),
        ("officer", 1, "asked", InvalidInputError),
    ],
)
def test_nothing_is_erased_without_reason_or_row(database, talsi, what, identifier, reason, error):
    with pytest.raises(error), database.transaction() as session:
        erase(session, find_municipality(session, "talsi"), what, identifier, reason)
    assert left(database, talsi) == BEFORE
    assert erasures(database) == []


def test_a_row_of_the_neighbour_cannot_be_erased(database, talsi, neighbour):
    with database.owner_engine.begin() as connection:
        theirs = connection.scalar(text(f"select max(id) from incident where municipality_id = {neighbour}"))
    with pytest.raises(NotFoundError), database.transaction() as session:
        erase(session, find_municipality(session, "talsi"), "incident", theirs, "asked")


def test_a_worker_applies_the_rules_daily(database, talsi, tmp_path, caplog):
    caplog.set_level("INFO", "kvart.retention")
    settings = DatabaseSettings(home=tmp_path, audit_keep_days=400)
    daily = DailyRetention(database, settings, first_after_s=0.0, every_s=3600)
    daily.start()
    while "Retention erased" not in caplog.text:
        daily._thread.join(0.01)
    daily.stop()
    assert left(database, talsi)["quarantined-rows"] == 1
    assert apply_now(database, settings) == 0
