"""Commands of the group ``importing``."""

from __future__ import annotations

import typer


def register(program: typer.Typer) -> None:
    """Add the commands of this group to the program."""
