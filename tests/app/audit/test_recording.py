"""Events are written with what they tell of, and nobody can change them."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.audit import service as audit
from app.audit.events import OPERATOR, AuditEvent
from app.database.roles import DatabaseRole
from app.database.tenancy import enter_municipality


@pytest.fixture
def event():
    return AuditEvent("consultation", None, OPERATOR, {"collection": "incidents", "returned": 3}, address="192.0.2.7")


def test_an_event_is_stored_with_time_and_number(database, event):
    with database.transaction() as session:
        audit.record(session, event)
    with database.transaction(DatabaseRole.AUDIT) as session:
        stored = session.execute(text("select * from audit_event")).one()
    assert (stored.kind, stored.actor, stored.what["returned"], stored.address) == (
        "consultation",
        "operator",
        3,
        "192.0.2.7",
    )
    assert stored.occurred_at is not None


@pytest.mark.parametrize(
    "change",
    [
        "update audit_event set actor = 'nobody'",
        "update audit_event set batch_id = 1, actor = 'nobody'",
        "delete from audit_event",
        "truncate audit_event",
    ],
)
def test_even_the_owner_cannot_change_an_event(database, event, change):
    with database.transaction() as session:
        audit.record(session, event)
    with pytest.raises(ProgrammingError, match="append-only"), database.owner_engine.begin() as connection:
        connection.execute(text(change))


def test_a_sealed_event_cannot_be_sealed_again(database, event):
    with database.transaction() as session:
        audit.record(session, event)
    with database.owner_engine.begin() as connection:
        connection.execute(text("update audit_event set batch_id = 1"))
    with pytest.raises(ProgrammingError, match="append-only"), database.owner_engine.begin() as connection:
        connection.execute(text("update audit_event set batch_id = 2"))


@pytest.fixture
def durable(database):
    """The database, where a commit is waited for as it is in service."""
    with database.owner_engine.begin() as connection:
        name = connection.scalar(text("select current_database()"))
        connection.execute(text(f"alter database {name} set synchronous_commit = local"))
    database.engine.dispose()
    return database


@pytest.mark.parametrize(("kind", "mode"), [("consultation", "off"), ("disclosure", "local"), ("alteration", "local")])
def test_only_a_pure_consultation_does_not_wait_for_its_commit(durable, kind, mode):
    with durable.transaction() as session:
        audit.record(session, AuditEvent(kind, None, OPERATOR))
        assert session.scalar(text("select current_setting('synchronous_commit')")) == mode
    with durable.transaction() as session:
        assert session.scalar(text("select current_setting('synchronous_commit')")) == "local"


def test_a_consultation_of_a_transaction_that_wrote_waits_for_its_commit(durable, event):
    with durable.transaction() as session:
        session.execute(text("create temporary table written (id int)"))
        audit.record(session, event)
        assert session.scalar(text("select current_setting('synchronous_commit')")) == "local"


def test_what_is_written_after_a_consultation_is_waited_for_again(durable, event):
    with durable.transaction() as session:
        audit.record(session, event)
        audit.record(session, AuditEvent("alteration", None, OPERATOR))
        assert session.scalar(text("select current_setting('synchronous_commit')")) == "local"


def test_the_service_writes_and_reads_only_in_its_municipality(database, municipalities):
    ours, theirs = municipalities
    with database.transaction() as session:
        enter_municipality(session, ours)
        audit.record(session, AuditEvent("collection", ours, OPERATOR))
        audit.record(session, AuditEvent("sign-in", None, OPERATOR))
        assert session.scalars(text("select municipality_id from audit_event")).all() == [ours]
    with database.transaction() as session:
        enter_municipality(session, theirs)
        assert session.scalars(text("select municipality_id from audit_event")).all() == []
        with pytest.raises(ProgrammingError, match="row-level security"):
            audit.record(session, AuditEvent("collection", ours, OPERATOR))


@pytest.mark.parametrize("column", ["id", "occurred_at", "batch_id"])
@pytest.mark.parametrize("role", [DatabaseRole.SERVICE, DatabaseRole.IDENTITY, DatabaseRole.QUEUE])
def test_no_writer_chooses_number_time_or_batch(database, role, column):
    values = {"id": "1", "occurred_at": "now()", "batch_id": "1"}
    insert = f"insert into audit_event (kind, actor_kind, actor, what, {column}) overriding system value"
    with pytest.raises(ProgrammingError, match="permission denied"), database.transaction(role) as session:
        session.execute(text(f"{insert} values ('refusal', '', '', '{{}}', {values[column]})"))


@pytest.mark.parametrize("role", [DatabaseRole.IDENTITY, DatabaseRole.QUEUE])
def test_identity_and_queue_write_and_cannot_read(database, role):
    with database.transaction(role) as session:
        audit.record(session, AuditEvent("sign-in", None, OPERATOR))
    with pytest.raises(ProgrammingError, match="permission denied"), database.transaction(role) as session:
        session.execute(text("select 1 from audit_event"))
