"""Refused requests are written down, and a flood of them is counted instead."""

import pytest
from sqlalchemy import text

from app.audit.events import AuditEvent
from app.audit.refusals import (
    ELSEWHERE,
    MOST_ADDRESSES,
    WINDOW_SECONDS,
    WRITTEN_PER_ADDRESS,
    RefusalBounds,
    record_counted_refusals,
    record_refusal,
)
from app.database.roles import DatabaseRole
from app.identity.caller import ANONYMOUS


@pytest.fixture
def refuse(database):
    def refuse_some(count, address="192.0.2.7"):
        for _ in range(count):
            record_refusal(database, AuditEvent("refusal", 1, ANONYMOUS, {"code": "forbidden"}, address=address))

    return refuse_some


def refusals(database):
    with database.transaction(DatabaseRole.AUDIT) as session:
        statement = text("select municipality_id, address, what from audit_event where kind = 'refusal' order by id")
        return session.execute(statement).all()


def test_a_flood_is_written_up_to_a_bound_and_counted_afterwards(database, refuse):
    refuse(WRITTEN_PER_ADDRESS + 480)
    refuse(1, "192.0.2.8")
    assert len(refusals(database)) == WRITTEN_PER_ADDRESS + 1
    record_counted_refusals(database)
    assert len(refusals(database)) == WRITTEN_PER_ADDRESS + 1
    record_counted_refusals(database, at_end=True)
    last = refusals(database)[-1]
    assert (last.address, last.what["refused"]) == ("192.0.2.7", 480)
    record_counted_refusals(database, at_end=True)
    assert len(refusals(database)) == WRITTEN_PER_ADDRESS + 2


def test_a_refusal_belongs_to_no_municipality(database, refuse):
    refuse(1)
    assert refusals(database)[0].municipality_id is None


def test_a_new_window_begins_after_an_hour():
    now = [0.0]
    bounds = RefusalBounds(clock=lambda: now[0])
    admitted = [bounds.admit("192.0.2.7") for _ in range(WRITTEN_PER_ADDRESS + 3)]
    assert admitted.count(False) == 3
    assert bounds.take_counted() == {}
    now[0] = WINDOW_SECONDS
    assert bounds.take_counted() == {"192.0.2.7": 3}
    assert bounds.admit("192.0.2.7")


def test_many_addresses_are_bounded_together():
    bounds = RefusalBounds()
    for number in range(MOST_ADDRESSES):
        assert bounds.admit(f"2001:db8::{number:x}")
    admitted = [bounds.admit(f"2001:db8:1::{number:x}") for number in range(1000)]
    assert admitted.count(True) == WRITTEN_PER_ADDRESS
    assert bounds.take_counted(at_end=True) == {ELSEWHERE: 1000 - WRITTEN_PER_ADDRESS}


def test_refused_requests_over_http_are_written_without_saying_what_exists(anonymous, database, municipality):
    for code in (municipality, "nowhere"):
        assert anonymous.get(f"/municipalities/{code}/incidents").status_code == 401
    ours, nowhere = refusals(database)
    assert ours.municipality_id is nowhere.municipality_id is None
    assert ours.what["code"] == nowhere.what["code"] == "unauthenticated"
