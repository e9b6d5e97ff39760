"""The commands of the ``kvart`` program, one module per group."""

from __future__ import annotations

from importlib import import_module

import typer

COMMAND_MODULES = (
    "database",
    "importing",
    "analyses",
    "running",
    "beats",
    "serving",
    "working",
    "demonstration",
    "evaluating",
    "doctoring",
    "identity",
    "auditing",
    "retention",
    "public_places",
    "danger_zones",
)
"""Each module has ``register(program: typer.Typer) -> None`` that adds its commands."""


def build_program() -> typer.Typer:
    """Return the program with all its commands."""
    program = typer.Typer(
        name="kvart",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Hot spots, danger zones and beats with a permanently assigned officer.",
    )
    for name in COMMAND_MODULES:
        import_module(f"app.commands.{name}").register(program)
    return program
