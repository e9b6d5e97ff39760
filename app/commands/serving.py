"""Commands of the group ``serving``."""

from __future__ import annotations

import typer


def register(program: typer.Typer) -> None:
    """Add the commands of this group to the program."""
