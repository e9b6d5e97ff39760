"""``kvart doctor``: what is wrong, in plain words."""

from __future__ import annotations

from typing import Annotated

import typer

MARKS = {"fine": "ok  ", "note": "look", "fault": "WRONG"}


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command()(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Write the findings as JSON.")] = False,
) -> None:
    """Look at the machine, the settings, the database and the queue, and say what is wrong and what to do.

    Exit code 1 if something keeps Kvart from its work or endangers data.
    """
    import json
    from dataclasses import asdict

    from app.diagnosis.service import diagnose
    from app.settings import Settings

    found = []
    for finding in diagnose(Settings()):
        found.append(finding)
        if not as_json:
            typer.echo(f"{MARKS[finding.level]:<6}{finding.subject:<16}{finding.sentence}")
            if finding.advice:
                typer.echo(f"{'':<22}{finding.advice}")
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    if any(finding.level == "fault" for finding in found):
        raise typer.Exit(1)
