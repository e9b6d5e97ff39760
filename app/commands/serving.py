"""``kvart serve``: the web service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer


def register(program: typer.Typer) -> None:
    """Add ``kvart serve`` to the program."""
    program.command()(serve)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen at; by default KVART_HOST or 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen at; by default KVART_PORT or 8000; 0: any.")
    ] = None,
) -> None:
    """Serve the API, the maps and the home page until Ctrl-C."""
    from app import serving
    from app.settings import Settings

    settings = Settings()
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings.server = settings.server.model_copy(update=given)
    serving.serve(settings, print_links)


def print_links(address: str, municipalities: list[str], sign_in_link: str | None, maps: Sequence[str] = ()) -> None:
    """Print where to look: how to sign in first, because little is open without."""
    typer.echo(f"Kvart serves {address}/")
    if sign_in_link:
        typer.echo(f"  Sign in         {sign_in_link}")
        typer.echo("                  (once, within 15 minutes; another: kvart users link local-administrator)")
    for path in maps:
        typer.echo(f"  Map             {address}{path}")
    for code in municipalities[:5]:
        typer.echo(f"  {code:<15} {address}/municipalities/{code}/incidents")
    typer.echo(f"  API reference   {address}/docs")
    typer.echo("Stop it with Ctrl-C.")
