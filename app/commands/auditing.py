"""``kvart audit``: read the audit log, seal it, and look whether somebody changed it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.opening import opened_database

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.audit.service import EventFilter
    from app.audit.verifying import Verification

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Moment = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"], help="Day (UTC), or time with offset.")
]


def register(program: typer.Typer) -> None:
    """Add ``kvart audit`` and its commands to the program."""
    group = typer.Typer(no_args_is_help=True, help="The audit log: who did or saw what, when, why and from where.")
    group.command("list")(list_events)
    group.command()(verify)
    group.command()(seal)
    program.add_typer(group, name="audit")


def list_events(
    municipality: Annotated[str | None, typer.Option(help="Only events of the municipality of this code.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only events of this kind, for example consultation.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this account, key or program did.")] = None,
    since: Moment = None,
    until: Moment = None,
    before: Annotated[int | None, typer.Option(min=1, help="Only events older than the one of this number.")] = None,
    most: Annotated[int, typer.Option(min=1, max=1_000_000, help="The most events.")] = 100,
    as_json: JsonOption = False,
    out: Annotated[Path | None, typer.Option(help="CSV file to write.")] = None,
) -> None:
    """List events, newest first."""
    from app.audit import service
    from app.audit.presenting import events_csv, plain_event
    from app.database.roles import DatabaseRole

    with opened_database() as database, database.transaction(DatabaseRole.AUDIT) as session:
        wanted = _filter(session, municipality, kind, actor, _aware(since), _aware(until))
        events = [plain_event(row) for row in service.list_events(session, wanted, before=before, limit=most)]
    if out is not None:
        out.write_text(events_csv(events), encoding="utf-8", newline="")
        typer.echo(f"{len(events):,} events written to {out}.")
    elif as_json:
        typer.echo(json.dumps(events, ensure_ascii=False, indent=2))
    else:
        for event in events:
            who = f"{event['actor_kind']} {event['actor']}".strip()
            why = event["purpose"] or "-"
            where = event["address"] or "-"
            what = json.dumps(event["what"], ensure_ascii=False)
            typer.echo(f"{event['id']:>9} {event['occurred_at']} {event['kind']:<13} {who} {why} {where} {what}")


def verify(
    heads: Annotated[
        Path | None, typer.Option("--heads", help="Published heads; by default those of KVART_AUDIT_HEAD_FILE.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look through the whole log for what was altered, deleted, inserted, reordered, forged or cut off.

    Ends with exit code 1 if anything was found.
    """
    from dataclasses import asdict

    from app.audit.verifying import verify as look_through
    from app.settings import DatabaseSettings

    usual = DatabaseSettings().audit_heads
    with opened_database() as database:
        found = look_through(database, heads or (usual if usual.exists() else None))
    if as_json:
        typer.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))
    else:
        _tell(found)
    if found.findings:
        raise typer.Exit(1)


def seal() -> None:
    """Seal the events that wait for it, and publish the head of the chain."""
    from app.audit.sealing import seal as seal_events
    from app.settings import DatabaseSettings

    heads = DatabaseSettings().audit_heads
    with opened_database() as database:
        sealed = seal_events(database, heads)
    typer.echo(f"{sealed:,} events sealed; the head is published in {heads}.")


def _tell(found: Verification) -> None:
    typer.echo(
        f"{found.events:,} events in {found.batches:,} batches, {found.erased_batches:,} of them erased by retention; "
        f"{found.unsealed:,} events not sealed yet; {found.published_heads:,} published heads."
    )
    if not found.published_heads:
        typer.echo("No published head was compared: whether the end of the log was cut off cannot be told.")
    for finding in found.findings:
        typer.echo(f"{finding.code}: {finding.message}")
    typer.echo("The log is NOT as it was written." if found.findings else "The log is as it was written.")


def _filter(
    session: Session,
    municipality: str | None,
    kind: str | None,
    actor: str | None,
    since: datetime | None,
    until: datetime | None,
) -> EventFilter:
    from app.audit.events import EVENT_KINDS
    from app.audit.service import EventFilter
    from app.errors import InvalidInputError
    from app.municipalities.service import find_municipality

    if kind is not None and kind not in EVENT_KINDS:
        raise InvalidInputError(f"There is no kind of event {kind[:40]!r}.", f"Kinds: {', '.join(EVENT_KINDS)}.")
    found = None if municipality is None else find_municipality(session, municipality).id
    return EventFilter(found, kind, actor, since, until)


def _aware(moment: datetime | None) -> datetime | None:
    from datetime import UTC

    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
