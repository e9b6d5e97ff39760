"""What can be said of the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from app.audit.verifying import verify
from app.database.revisions import head_revision
from app.database.sessions import Database
from app.diagnosis.findings import Finding, fault, fine, note


def examine_audit_log(database: Database, heads: Path) -> Iterator[Finding]:
    """Look through the audit log of a database whose schema is current."""
    if database.schema_revision() != head_revision():
        return
    published = heads if heads.is_file() else None
    found = verify(database, published)
    for finding in found.findings:
        yield fault(
            "audit log", finding.message, "Keep a copy of the database and of the heads, and find out who had access."
        )
    if not found.findings:
        yield fine("audit log", f"{found.events:,} events in {found.batches:,} batches are as they were written.")
    if published is None and found.batches:
        yield note(
            "audit log",
            f"No heads were published to {heads}: a log whose end was cut off would look whole.",
            "Set KVART_AUDIT_HEAD_FILE to a file that the service can append to, best on another machine.",
        )
