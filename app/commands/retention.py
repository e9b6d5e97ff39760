"""``kvart retention`` and ``kvart erase``: for how long data is kept, and erasing before that."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from app.commands.importing import MunicipalityOption, only_municipality
from app.commands.opening import opened_database

FOR_GOOD = "for-good"


def register(program: typer.Typer) -> None:
    """Add ``kvart retention`` and ``kvart erase`` to the program."""
    group = typer.Typer(no_args_is_help=True, help="For how long each municipality keeps what.")
    for command in (set_days, show, apply):
        group.command(command.__name__.removesuffix("_days"))(command)
    program.add_typer(group, name="retention")
    program.command()(erase)


def set_days(
    collection: Annotated[str, typer.Argument(help="What; `kvart retention show` lists the collections.")],
    days: Annotated[str, typer.Argument(help=f"Number of days, or {FOR_GOOD}.")],
    municipality: MunicipalityOption = None,
) -> None:
    """Decide for how many days a municipality keeps a collection."""
    from app.errors import InvalidInputError
    from app.municipalities.service import find_municipality
    from app.retention.service import set_rule

    try:
        wanted = None if days == FOR_GOOD else int(days)
    except ValueError as error:
        raise InvalidInputError(f"{days[:40]!r} is no number of days.", f"Give a number, or {FOR_GOOD}.") from error
    with opened_database() as database:
        code = municipality or only_municipality(database)
        with database.transaction() as session:
            set_rule(session, find_municipality(session, code), collection, wanted)
    typer.echo(f"{code} keeps {collection} {'for good' if wanted is None else f'for {wanted:,} days'}.")


def show(
    municipality: MunicipalityOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show for how long a municipality keeps what."""
    from app.municipalities.service import find_municipality
    from app.retention.rules import COLLECTIONS
    from app.retention.service import show_rules

    with opened_database() as database:
        code = municipality or only_municipality(database)
        with database.transaction() as session:
            rules = show_rules(session, find_municipality(session, code))
    if as_json:
        typer.echo(json.dumps([asdict(rule) for rule in rules], indent=2))
        return
    for rule in rules:
        kept = "for good" if rule.days is None else f"{rule.days:,} days"
        chosen = "by default" if rule.is_default else "as decided"
        typer.echo(
            f"{rule.collection:<18}{kept:<12}{chosen:<12}counted from {COLLECTIONS[rule.collection].counted_from}"
        )


def apply(
    municipality: Annotated[str | None, typer.Option(help="Only of the municipality of this code.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count; uploaded files are not counted.")] = False,
) -> None:
    """Erase what is older than the rules say; a worker does so every day."""
    from datetime import UTC, datetime

    from app.audit.events import OPERATOR
    from app.audit.retaining import erase_old_events
    from app.retention.service import apply_rules
    from app.settings import DatabaseSettings

    settings = DatabaseSettings()
    events = 0
    with opened_database() as database:
        erased = apply_rules(database, settings.uploads, municipality=municipality, dry_run=dry_run)
        if settings.audit_keep_days is not None and not dry_run and municipality is None:
            events = erase_old_events(database, datetime.now(UTC), days=settings.audit_keep_days, actor=OPERATOR)
    verb = "would be erased" if dry_run else "erased"
    for erasure in erased:
        typer.echo(
            f"{erasure.municipality}: {erasure.rows:,} {erasure.collection} {verb}, older than {erasure.days:,} days."
        )
    if events:
        typer.echo(f"{events:,} audit events {verb}.")
    if not erased and not events:
        typer.echo("Nothing is older than the rules say.")


def erase(
    what: Annotated[str, typer.Argument(help="incident, report or danger-zone.")],
    identifier: Annotated[int, typer.Argument(metavar="ID", min=1, help="Its identifier.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, without names of persons; it goes into the audit log.")],
    municipality: MunicipalityOption = None,
) -> None:
    """Erase one incident, report or danger zone for good."""
    from app.municipalities.service import find_municipality
    from app.retention.service import erase as erase_one

    with opened_database() as database:
        code = municipality or only_municipality(database)
        with database.transaction() as session:
            erase_one(session, find_municipality(session, code), what, identifier, reason)
    typer.echo(f"Erased {what} {identifier} of {code}.")
