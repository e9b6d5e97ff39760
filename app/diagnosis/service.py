"""Use case: say what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from app.database.sessions import connect
from app.diagnosis.audit_checks import examine_audit_log
from app.diagnosis.database_checks import examine_database
from app.diagnosis.findings import Finding, fault, fine
from app.diagnosis.machine import examine_machine
from app.errors import KvartError
from app.settings import Settings


def diagnose(settings: Settings) -> Iterator[Finding]:
    """Look at everything that Kvart needs, as far as what was found before lets it be looked at.

    A private database that was never made is not made for this.
    """
    yield from examine_machine(settings)
    if settings.database.database_url is None and not (settings.database.home / "pg").is_dir():
        yield fine("database", "There is none yet; the first command that needs one makes it.")
        return
    try:
        database = connect(settings.database)
    except KvartError as error:
        yield fault("database", error.message, error.hint)
        return
    try:
        yield from examine_database(database)
        yield from examine_audit_log(database, settings.database.audit_heads)
    except KvartError as error:
        yield fault("database", error.message, error.hint)
    finally:
        database.close()
