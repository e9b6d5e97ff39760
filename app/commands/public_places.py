"""``kvart public-places``: the snap points of a municipality, and the counts that are published."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.commands.importing import MunicipalityOption, only_municipality
from app.commands.opening import opened_database

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(program: typer.Typer) -> None:
    """Add the commands of this group to the program."""
    group = typer.Typer(no_args_is_help=True, help="What anybody may see: public places and published counts.")
    for command in (build, show, publish):
        group.command()(command)
    program.add_typer(group, name="public-places")


def build(
    municipality: MunicipalityOption = None,
    addresses: Annotated[
        Path | None,
        typer.Option("--addresses", metavar="FILE", help="Register of addresses: points of any readable format."),
    ] = None,
    crs: Annotated[str | None, typer.Option("--crs", metavar="EPSG:n", help="CRS of the addresses.")] = None,
    units_source: Annotated[
        str | None, typer.Option("--units-source", help="Source of the areal units, where there are several.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take other points than those stored; what has a place keeps it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Choose the snap points once, and place the danger zones that have no public place yet.

    Each point stands for at least eight addresses. Without a register, addresses are spread over the areal units by
    their residents.
    """
    from app.files.reading import read_features
    from app.municipalities.service import find_municipality
    from app.public_places.service import build_points

    with opened_database() as database:
        code = municipality or only_municipality(database)
        with database.transaction() as session:
            found = find_municipality(session, code)
            register = addresses and read_features(addresses, crs=crs, working_crs=found.working_crs).frame
            built = build_points(session, found, addresses=register, units_source=units_source, replace=replace)
    if as_json:
        typer.echo(json.dumps(asdict(built), indent=2))
        return
    typer.echo(built.reading)
    typer.echo("Stored." if built.is_new else "These points were stored already.")
    if built.fewest_between is not None:
        typer.echo(
            f"Whoever knows that two records are of the same place, and sees one at a point of before and one at a "
            f"point of now, is left with {built.fewest_between} addresses at the fewest."
        )
    typer.echo(f"{built.placed:,} danger zones were placed; {built.public:,} are public now.")


def show(municipality: MunicipalityOption = None, as_json: AsJson = False) -> None:
    """Show the snap points in use, how many danger zones are public, and which months are published."""
    from app.municipalities.service import find_municipality
    from app.public_places.service import show_points

    with opened_database() as database:
        code = municipality or only_municipality(database)
        with database.transaction() as session:
            shown = show_points(session, find_municipality(session, code))
    if as_json:
        typer.echo(json.dumps(shown, indent=2))
        return
    if shown is None:
        typer.echo(f"{code} has no snap points: no danger zone is public. `kvart public-places build` makes them.")
        return
    for name, value in shown.items():
        told = ", ".join(value) or "none" if isinstance(value, list) else value
        typer.echo(f"{name.replace('_', ' ')}: {told}")


def publish(
    month: Annotated[
        str | None, typer.Option("--month", metavar="YYYY-MM", help="By default every complete month not published.")
    ] = None,
    plan: Annotated[
        int | None, typer.Option("--plan", help="Beat plan whose beats are counted in; by default the one in force.")
    ] = None,
    municipality: MunicipalityOption = None,
) -> None:
    """Publish the incidents of a month by beat and category, once and for good; small counts are hidden."""
    from app.municipalities.service import find_municipality
    from app.public_places.service import months_to_publish, publish_month, read_month

    with opened_database() as database:
        code = municipality or only_municipality(database)
        with database.transaction() as session:
            found = find_municipality(session, code)
            months = months_to_publish(session, found) if month is None else [read_month(month)]
            for chosen in months:
                areas = publish_month(session, found, chosen, plan_id=plan)
                typer.echo(f"{chosen:%Y-%m}: {areas:,} areas published.")
    if not months:
        typer.echo("There is no complete month that was not published.")
