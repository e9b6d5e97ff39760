"""``kvart danger-zones``: danger zones out of what was imported."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from app.commands.importing import MunicipalityOption, only_municipality
from app.commands.opening import opened_database


def register(program: typer.Typer) -> None:
    """Add the commands of this group to the program."""
    group = typer.Typer(no_args_is_help=True, help="Danger zones out of what was imported.")
    group.command("gather")(gather)
    group.callback()(lambda: None)
    program.add_typer(group, name="danger-zones")


def gather(
    municipality: MunicipalityOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make danger zones of imported reports that have none: one for each concern and place.

    Entries of staff, reports that their source marks as duplicates, and piles at a point that stands for unknown
    addresses are left out and counted.
    """
    from app.audit.events import OPERATOR
    from app.danger_zones.service import zones_from_reports
    from app.municipalities.service import find_municipality

    with opened_database() as database:
        code = municipality or only_municipality(database)
        with database.transaction() as session:
            made = zones_from_reports(session, find_municipality(session, code), OPERATOR)
    if as_json:
        typer.echo(json.dumps(asdict(made), indent=2))
        return
    typer.echo(f"{made.zones:,} danger zones were made of {made.reports:,} reports.")
    typer.echo(
        f"Left out: {made.staff:,} of staff, {made.duplicates:,} duplicates, {made.on_piles:,} at points that stand "
        f"for unknown addresses, {made.uncategorised:,} without a concern."
    )
