"""What was done to the log shows: each manipulation is made by the owner of the tables, past every guard."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.audit import chain, repository, sealing
from app.audit import service as audit
from app.audit.chain import LoggedEvent
from app.audit.events import OPERATOR, AuditEvent
from app.audit.retaining import erase_old_events
from app.audit.sealing import Sealer, seal
from app.audit.verifying import verify
from app.database.roles import DatabaseRole
from app.errors import InvalidInputError

MOMENT = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


@pytest.fixture
def heads(tmp_path):
    return tmp_path / "audit" / "heads.jsonl"


@pytest.fixture
def write(database):
    def write_events(count):
        with database.transaction() as session:
            for number in range(count):
                audit.record(session, AuditEvent("alteration", None, OPERATOR, {"number": number}))

    return write_events


@pytest.fixture
def sealed(database, heads, write, monkeypatch):
    """A log of three batches: events 1 to 3, 4 to 6 and 7, each with its published head."""
    monkeypatch.setattr(sealing, "MOST_EVENTS", 3)
    for count in (3, 3, 1):
        write(count)
        seal(database, heads)
    return database


@pytest.fixture
def manipulate(database):
    """Change the log as a superuser who switches the guards off."""

    def run(*statements):
        with database.owner_engine.begin() as connection:
            connection.execute(text("alter table audit_event disable trigger user"))
            connection.execute(text("alter table audit_batch disable trigger user"))
            for statement in statements:
                connection.execute(text(statement))

    return run


def codes(verification):
    return [finding.code for finding in verification.findings]


def test_the_digest_of_an_event_is_that_of_its_canonical_json():
    event = LoggedEvent(
        7, None, MOMENT, "refusal", "key", "desk š", None, {"b": 1, "a": [1.5, None]}, None, "::1", None
    )
    written = (
        '{"account_id":null,"actor":"desk š","actor_kind":"key","address":"::1","id":7,"kind":"refusal",'
        '"municipality_id":null,"occurred_at":"2026-05-04T12:30:00.000000Z","purpose":null,"request_id":null,'
        '"what":{"a":[1.5,null],"b":1}}'
    )
    assert chain.canonical_json(event) == written.encode()
    digest = hashlib.sha256(written.encode()).digest()
    assert chain.event_digest(event) == digest
    header = f"1\n2026-05-04T12:30:00.000000Z\n{chain.BEFORE_THE_FIRST}\n".encode()
    assert (
        chain.batch_digest(1, chain.BEFORE_THE_FIRST, MOMENT, [digest]) == hashlib.sha256(header + digest).hexdigest()
    )


def test_an_untouched_log_has_no_findings(sealed, heads, write):
    write(2)
    found = verify(sealed, heads)
    assert found.findings == ()
    assert (found.batches, found.events, found.unsealed, found.published_heads) == (3, 7, 2, 3)


def test_an_empty_log_has_no_findings(database):
    assert verify(database, None).findings == ()
    assert verify(database, None).head is None


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("update audit_event set actor = 'nobody' where id = 2", "altered_events"),
        ("update audit_event set what = '{}' where id = 5", "altered_events"),
        ("update audit_event set occurred_at = occurred_at - interval '1 second' where id = 2", "altered_events"),
        ("update audit_event set municipality_id = 9 where id = 7", "altered_events"),
        ("update audit_batch set sealed_at = sealed_at - interval '1 minute' where id = 2", "altered_events"),
        ("delete from audit_event where id = 5", "deleted_events"),
        ("delete from audit_event where batch_id = 2", "deleted_events"),
        ("delete from audit_event where batch_id = 3", "deleted_events"),
        ("delete from audit_batch where id = 2", "missing_batch"),
        ("update audit_batch set previous = digest where id = 2", "broken_link"),
        ("update audit_event set batch_id = null where id = 4", "deleted_events"),
        ("update audit_event set batch_id = 77 where id = 4", "inserted_events"),
        ("update audit_batch set erased_at = now() where id = 1", "unexplained_erasure"),
    ],
)
def test_a_manipulated_log_is_found_out(sealed, heads, manipulate, statement, code):
    manipulate(statement)
    assert code in codes(verify(sealed, heads))


def test_reordered_events_are_found_out(sealed, heads, manipulate):
    swap = "update audit_event set id = {} where id = {}"
    manipulate(
        "alter table audit_event alter id drop identity", swap.format(99, 1), swap.format(1, 2), swap.format(2, 99)
    )
    assert codes(verify(sealed, heads)) == ["altered_events"]


def test_events_moved_between_batches_are_found_out(sealed, heads, manipulate):
    manipulate("update audit_event set batch_id = 5 - batch_id where id in (3, 4) and batch_id in (1, 2)")
    manipulate("update audit_event set batch_id = 3 - batch_id + 2 where id = 1")
    assert codes(verify(sealed, heads))


def test_an_event_inserted_into_a_batch_is_found_out(sealed, heads, manipulate):
    manipulate("insert into audit_event (kind, actor_kind, actor, what, batch_id) values ('refusal', '', '', '{}', 2)")
    assert codes(verify(sealed, heads)) == ["inserted_events"]


def test_an_event_inserted_with_a_date_of_the_past_is_found_out(sealed, heads, manipulate):
    manipulate(
        "insert into audit_event (kind, actor_kind, actor, what, occurred_at) "
        "values ('refusal', '', '', '{}', now() - interval '40 days')"
    )
    seal(sealed, heads)
    assert codes(verify(sealed, heads)) == ["misdated_events"]


def test_a_cut_off_tail_is_found_out_by_the_published_head_only(sealed, heads, manipulate):
    manipulate("delete from audit_event where batch_id = 3", "delete from audit_batch where id = 3")
    assert codes(verify(sealed, None)) == []
    assert codes(verify(sealed, heads)) == ["truncated"]


def test_an_emptied_log_is_found_out(sealed, heads, manipulate):
    manipulate("truncate audit_event, audit_batch")
    assert codes(verify(sealed, heads)) == ["truncated"] * 3


def test_a_chain_written_anew_is_found_out_by_the_published_heads(sealed, heads, manipulate, tmp_path):
    manipulate(
        "delete from audit_event where id = 5",
        "update audit_event set batch_id = null where batch_id >= 2",
        "delete from audit_batch where id >= 2",
    )
    seal(sealed, tmp_path / "elsewhere.jsonl")
    assert codes(verify(sealed, None)) == []
    assert "forged_batch" in codes(verify(sealed, heads))


def test_a_forged_batch_at_the_end_is_found_out_when_the_next_head_was_published(sealed, heads, manipulate):
    manipulate("update audit_batch set digest = repeat('a', 64) where id = 3")
    assert sorted(codes(verify(sealed, heads))) == ["altered_events", "forged_batch"]


def test_a_line_of_the_heads_that_cannot_be_read_is_named(sealed, heads):
    heads.write_text(heads.read_text() + '{"batch": "x"}\n[[[\n')
    found = verify(sealed, heads)
    assert codes(found) == ["unreadable_head", "unreadable_head"]
    assert "line 4" in found.findings[0].message


def test_missing_heads_are_an_error_that_says_so(database, tmp_path):
    with pytest.raises(InvalidInputError, match=r"nowhere.jsonl: No such file"):
        verify(database, tmp_path / "nowhere.jsonl")


def test_every_head_is_published_once_and_logged(sealed, heads, caplog):
    lines = [json.loads(line) for line in heads.read_text().splitlines()]
    assert [line["batch"] for line in lines] == [1, 2, 3]
    assert lines[-1]["digest"] == verify(sealed, heads).head
    seal(sealed, heads)
    assert len(heads.read_text().splitlines()) == 3


def test_a_head_that_was_not_published_is_published_later(sealed, heads):
    kept = heads.read_text().splitlines(keepends=True)[0]
    heads.write_text(kept + '{"batch": 2, "dig')
    seal(sealed, heads)
    assert json.loads(heads.read_text().splitlines()[-1])["batch"] == 3


def test_heads_that_cannot_be_written_are_told_and_the_log_is_sealed(database, write, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    write(1)
    assert seal(database, tmp_path / "file" / "heads.jsonl") == 1
    assert "cannot be written" in caplog.text


def test_a_sealer_seals_a_last_time_when_it_stops(database, heads, write):
    sealer = Sealer(database, heads, every_s=3600)
    sealer.start()
    write(2)
    sealer.stop()
    assert verify(database, heads).unsealed == 0


def test_several_sealers_at_once_make_one_chain(database, heads, write):
    write(20)
    sealers = [Sealer(database, heads, every_s=0.001) for _ in range(3)]
    for sealer in sealers:
        sealer.start()
    write(20)
    for sealer in sealers:
        sealer.stop()
    found = verify(database, heads)
    assert (found.events, found.unsealed, found.findings) == (40, 0, ())


@pytest.fixture
def old_batch(database, heads, write, manipulate, monkeypatch):
    """A log whose first batch, of two events, was sealed 400 days ago; a second one was sealed now."""
    long_ago = datetime.now(UTC) - timedelta(days=400)
    write(2)
    manipulate("update audit_event set occurred_at = now() - interval '400 days'")
    with monkeypatch.context() as patch:
        patch.setattr(repository, "present_time", lambda _session: long_ago)
        seal(database, heads)
    write(1)
    seal(database, heads)
    return database


def test_old_events_are_erased_and_the_chain_still_holds(old_batch, heads):
    assert erase_old_events(old_batch, datetime.now(UTC), days=401, actor=OPERATOR) == 0
    assert erase_old_events(old_batch, datetime.now(UTC), days=399, actor=OPERATOR) == 2
    seal(old_batch, heads)
    found = verify(old_batch, heads)
    assert (found.findings, found.erased_batches, found.events, found.batches) == ((), 1, 2, 3)
    assert erase_old_events(old_batch, datetime.now(UTC), days=399, actor=OPERATOR) == 0


def test_erased_events_that_come_back_are_found_out(old_batch, heads, manipulate):
    erase_old_events(old_batch, datetime.now(UTC), days=399, actor=OPERATOR)
    seal(old_batch, heads)
    manipulate("insert into audit_event (kind, actor_kind, actor, what, batch_id) values ('refusal', '', '', '{}', 1)")
    assert codes(verify(old_batch, heads)) == ["inserted_events"]


def test_events_of_the_last_year_are_never_erased(old_batch):
    with pytest.raises(InvalidInputError, match="at least 365 days"):
        erase_old_events(old_batch, datetime.now(UTC), days=364, actor=OPERATOR)
    with (
        pytest.raises(ProgrammingError, match="at least 365 days"),
        old_batch.transaction(DatabaseRole.AUDIT) as session,
    ):
        repository.erase_sealed(session, datetime.now(UTC) - timedelta(days=30))


@pytest.mark.parametrize("role", [DatabaseRole.SERVICE, DatabaseRole.IDENTITY, DatabaseRole.QUEUE])
def test_only_the_role_of_the_audit_erases_or_seals(database, role):
    with pytest.raises(ProgrammingError, match="permission denied"), database.transaction(role) as session:
        repository.erase_sealed(session, datetime.now(UTC) - timedelta(days=400))
    with pytest.raises(ProgrammingError, match="permission denied"), database.transaction(role) as session:
        session.execute(text("update audit_event set batch_id = 1"))
