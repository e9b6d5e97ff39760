"""kvart audit: list, seal, verify; and a log that is restored elsewhere."""

import csv
import json

import pytest
from sqlalchemy import make_url, text

from app.audit import service as audit
from app.audit.events import AuditEvent
from app.database import archives
from app.database.sessions import Database
from app.errors import InvalidInputError
from app.identity.caller import Caller


@pytest.fixture
def kvart(database, invoke):
    """The program on the database."""
    return invoke


@pytest.fixture
def events(database, municipalities):
    """Three events, one of them by an account whose name is a formula."""
    with database.transaction() as session:
        for name in ("anna", "=1+1"):
            audit.record(session, AuditEvent("sign-in", None, Caller("account", name), {"n": 1}, address="192.0.2.7"))
    with database.inside(municipalities[0]) as session:
        audit.record(session, AuditEvent("alteration", municipalities[0], Caller("account", "anna")))


def test_events_are_listed_with_filters(kvart, events):
    assert kvart("audit", "list").stdout.count("\n") == 3
    told = json.loads(kvart("audit", "list", "--json", "--municipality", "talsi").stdout)
    assert [event["kind"] for event in told] == ["alteration"]
    assert json.loads(kvart("audit", "list", "--json", "--actor", "nobody").stdout) == []
    assert json.loads(kvart("audit", "list", "--json", "--until", "2020-01-01").stdout) == []
    assert len(json.loads(kvart("audit", "list", "--json", "--since", "2020-01-01T00:00:00+0000").stdout)) == 3


def test_no_cell_of_the_table_is_a_formula(kvart, events, tmp_path):
    out = tmp_path / "audit.csv"
    kvart("audit", "list", "--out", str(out))
    with out.open(newline="", encoding="utf-8") as file:
        actors = [row["actor"] for row in csv.DictReader(file)]
    assert actors == ["anna", "'=1+1", "anna"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kind", "gossip"], "no kind of event"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], "ends before it begins"),
    ],
)
def test_wrong_filters_are_named(kvart, arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        kvart("audit", "list", *arguments)


def test_commands_seal_what_they_leave(kvart, events):
    kvart("audit", "list")
    assert "0 events sealed" in kvart("audit", "seal").stdout
    outcome = kvart("audit", "verify")
    assert outcome.exit_code == 0
    assert "3 events in 1 batches" in outcome.stdout
    assert "as it was written" in outcome.stdout


def test_verify_ends_with_an_error_code_when_something_was_found(kvart, events, database):
    kvart("audit", "seal")
    with database.owner_engine.begin() as connection:
        connection.execute(text("alter table audit_event disable trigger user"))
        connection.execute(text("update audit_event set actor = 'nobody' where id = 1"))
    outcome = kvart("audit", "verify")
    assert outcome.exit_code == 1
    assert "altered_events: Batch 1" in outcome.stdout
    assert json.loads(kvart("audit", "verify", "--json").stdout)["findings"][0]["code"] == "altered_events"


def test_verify_without_published_heads_says_what_it_cannot_tell(kvart, database):
    assert "cannot be told" in kvart("audit", "verify").stdout
    with pytest.raises(InvalidInputError, match="published heads cannot be read"):
        kvart("audit", "verify", "--heads", "nowhere.jsonl")


def test_a_backup_restored_elsewhere_verifies_against_the_published_heads(
    kvart, events, database, empty_database, tmp_path, monkeypatch
):
    kvart("audit", "seal")
    archives.back_up(database, tmp_path / "backup")
    archives.restore(empty_database, tmp_path / "backup")
    elsewhere = empty_database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("KVART_DATABASE_URL", elsewhere)
    outcome = kvart("audit", "verify")
    assert outcome.exit_code == 0, outcome.stdout
    assert "3 events in 1 batches" in outcome.stdout
    restored = Database(make_url(elsewhere))
    with pytest.raises(Exception, match="append-only"), restored.owner_engine.begin() as connection:
        connection.execute(text("delete from audit_event"))
    restored.close()
