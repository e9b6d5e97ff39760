"""Analyses of crime from files to files, without a database: one command for each kind."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from app.analyses.parameters.area import AreaParameters
from app.analyses.parameters.density import KernelDensityParameters, NetworkDensityParameters
from app.analyses.parameters.hot_spots import HotSpotParameters, SensitivityParameters
from app.analyses.parameters.places import BackTestParameters, ClustersParameters, TopPlacesParameters
from app.analyses.parameters.times import (
    ChangeParameters,
    EmergingHotSpotParameters,
    HotSpotHistoryParameters,
    NearRepeatParameters,
    TemporalProfileParameters,
)
from app.commands import options
from app.commands.model_options import checked_model, model_options

if TYPE_CHECKING:
    from app.analyses.file_results import FileResult

NOT_FROM_FILES = frozenset({"events", "categories", "source", "study_area", "units_source", "base"}) | {
    "event_weights",
    "category_weights",
    "other_weight",
    "neighbour_weights",
}
"""Parameters that the command line gives by files and by ``--where``."""
FURTHER = {
    "weights": ("weights", options.Weights),
    "units": ("areal_units", options.UnitsLayer),
    "residents": ("residents_column", options.UnitResidents),
    "streets": ("streets", options.StreetsFile),
    "neighbours": ("neighbours_file", options.NeighboursFile),
    "base": ("base", options.BaseFile),
    "base_where": ("base_where", options.BaseWhere),
}
"""Options that only some analyses have: what `EventFiles` calls them, and the option."""
RANKING = ("rank", "method", "mean", "windows_won", "behind_best")
"""Columns of a ranking that a terminal has room for."""
SEED = Annotated[int, typer.Option("--seed", min=0, help="Seed: the same seed gives the same result.")]


@dataclass(frozen=True)
class AnalysisCommand:
    """A command that does one kind of analysis.

    Attributes
    ----------
    name, kind : str
        Of the command, and of the analysis.
    parameters : type of AreaParameters
    help : str
    further : tuple of str
        Keys of `FURTHER`.
    layers : tuple of (str, str, str)
        Further layers that can be written: option, layer, help.
    """

    name: str
    kind: str
    parameters: type[AreaParameters]
    help: str
    further: tuple[str, ...] = ()
    layers: tuple[tuple[str, str, str], ...] = ()


UNITS = ("units", "residents")
COMMANDS = (
    AnalysisCommand(
        "density",
        "kernel-density",
        KernelDensityParameters,
        "Kernel density of points, in events per km2 at the centre of each cell.\n\n"
        "Writes cells with density_per_km2, cell_x and cell_y (centre in the working CRS), or a GeoTIFF (--out x.tif). "
        "Sizes that are left out are suggested, with the reason. Against residents or other events it writes the rate, "
        "ratio or difference instead.",
        ("weights", *UNITS, "base", "base_where"),
        (("--contours", "contours", "Layer of contours to write; see --contour-bands and --contour-levels."),),
    ),
    AnalysisCommand(
        "hot-spots",
        "getis-ord",
        HotSpotParameters,
        "Getis-Ord hot spots of points on cells, areal units or street segments.\n\n"
        "Writes count, gi_z, p_value (exact conditional permutation where it can be), q_value (corrected over the map) "
        "and gi_bin (-3 cold 99 % ... 3 hot 99 %); cells also carry cell_x and cell_y (centre in the working CRS).",
        (*UNITS, "streets", "neighbours"),
    ),
    AnalysisCommand(
        "sensitivity",
        "sensitivity",
        SensitivityParameters,
        "Whether hot spots stay when the grid moves: the same analysis over several origins and cell sizes.",
    ),
    AnalysisCommand(
        "change",
        "change",
        ChangeParameters,
        "Change between two periods, cell by cell, with an exact test and an interval.\n\n"
        "Example: --before 2024-01-01 2024-12-31 --after 2025-01-01 2025-12-31.",
    ),
    AnalysisCommand(
        "history",
        "hot-spot-history",
        HotSpotHistoryParameters,
        "Persistent, intermittent, emerging and former hot spots over periods.\n\n"
        "--periods takes FIRST/LAST,FIRST/LAST,...",
    ),
    AnalysisCommand(
        "emerging",
        "emerging-hot-spots",
        EmergingHotSpotParameters,
        "Emerging hot spots: how hot and cold spots develop over time steps, in 17 categories.",
    ),
    AnalysisCommand(
        "near-repeat",
        "near-repeat",
        NearRepeatParameters,
        "Near repeats (Knox test), and the cells at raised risk after the last crimes.\n\n"
        "The layer holds the cells at raised risk, --table the Knox table.",
        layers=(("--rings", "places-at-risk", "Layer of the rings around recent crimes to write."),),
    ),
    AnalysisCommand(
        "clusters",
        "clusters",
        ClustersParameters,
        "Clusters of events, with hulls and ellipses: nearest-neighbour hierarchical, DBSCAN or HDBSCAN.",
        layers=(("--ellipses", "ellipses", "Layer of standard deviational ellipses to write."),),
    ),
    AnalysisCommand(
        "top-places",
        "top-places",
        TopPlacesParameters,
        "The busiest cells, areal units, street segments or points, and how concentrated events are.",
        ("units", "streets"),
    ),
    AnalysisCommand(
        "street-density",
        "network-density",
        NetworkDensityParameters,
        "Kernel density along streets, in events per kilometre.",
        ("weights", "streets"),
    ),
    AnalysisCommand(
        "profile",
        "temporal-profile",
        TemporalProfileParameters,
        "Events by hour and weekday, with windows of time spread, and by month with the trend.\n\n"
        "--out is a table (.csv); the charts are heat-clock and trend.",
    ),
    AnalysisCommand(
        "backtest",
        "back-test",
        BackTestParameters,
        "Which method would have foretold later events best: fitted on one period, judged on the next.\n\n"
        "--out is the ranking (.csv); the chart is capture-curve. --along-streets adds the density along streets.",
        (*UNITS, "streets"),
    ),
)


def register(program: typer.Typer) -> None:
    """Add the commands of this group to the program."""
    for command in COMMANDS:
        program.command(name=command.name, help=command.help)(command_function(command))
    hot_spots = next(command for command in COMMANDS if command.kind == "getis-ord")
    program.command(name="hotspots", help=hot_spots.help, hidden=True)(command_function(hot_spots))


def command_function(command: AnalysisCommand) -> Callable[..., None]:
    """Return the function of a command, whose parameters are the options of files and of the analysis."""
    own = model_options(command.parameters, NOT_FROM_FILES)
    further = [_option(field, option) for field, option in (FURTHER[name] for name in command.further)]
    layers = [
        _option(layer.replace("-", "_"), Annotated[Path | None, typer.Option(flag, metavar="FILE", help=told)])
        for flag, layer, told in command.layers
    ]
    shared = [*_fields(options.EventOptions), *_fields(options.OutputOptions)]
    out = inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, annotation=options.OutFile)
    seed = inspect.Parameter("seed", inspect.Parameter.KEYWORD_ONLY, default=0, annotation=SEED)
    taken = [shared[0], out, *own, *further, *layers, seed, *shared[1:]]

    def run(**given: Any) -> None:
        _tell(command, run_command(command, given))

    run.__signature__ = inspect.Signature(taken)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in taken}
    return run


def run_command(command: AnalysisCommand, given: dict[str, Any]) -> FileResult:
    """Do the analysis of a command with the options that were given."""
    from app.analyses.file_results import WantedFiles, analyse_files
    from app.analyses.from_files import EventFiles
    from app.analyses.kinds import ANALYSES

    names = set(command.parameters.model_fields) - NOT_FROM_FILES
    own = {name: given[name] for name in names}
    if command.kind == "kernel-density" and own["against"] is not None and own["against"].value == "events":
        own["base"] = {}
    if given.get("neighbours_file") is not None:
        own |= _given_neighbours(own["neighbours"], given["neighbours_file"])
    parameters = checked_model(command.parameters, own)
    files = EventFiles(
        points=given["points"],
        where=tuple(given["where"] or ()),
        dialect=options.dialect(given["layer"], given["delimiter"], given["decimal"]),
        **{name: given[name] for name in ("study_area", "crs", "working_crs", "x", "y")},
        **{name: given[name] for name in ("time", "time_to", "time_zone", "time_precision")},
        **_further(command, given),
    )
    wanted = WantedFiles(
        out=given["out"],
        layers={layer: path for _, layer, _ in command.layers if (path := given[layer.replace("-", "_")]) is not None},
        table=given["table"],
        map=given["map_file"],
        report=given["pdf"],
        charts=tuple(given["chart"] or ()),
        title=given["title"],
    )
    return analyse_files(ANALYSES[command.kind], files, parameters, given["seed"], wanted)


def _given_neighbours(rule: Any, path: Path) -> dict[str, Any]:
    """Return the parameters that say the neighbours of a file."""
    from app.errors import InvalidInputError
    from app.files.neighbours import read_neighbours

    if rule is not None and rule.value != "given":
        raise InvalidInputError(
            f"--neighbours {rule.value} and --neighbours-file exclude each other.", "Leave out one of them."
        )
    return {"neighbours": "given", "neighbour_weights": read_neighbours(path)}


def _further(command: AnalysisCommand, given: dict[str, Any]) -> dict[str, Any]:
    found = {name: given[FURTHER[name][0]] for name in command.further if name != "neighbours"}
    if "base_where" in found:
        found["base_where"] = tuple(found["base_where"] or ())
    return found


def _fields(group: type) -> list[inspect.Parameter]:
    """Return the fields of a group of options as parameters."""
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is dataclasses.MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in dataclasses.fields(group)
    ]


def _option(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _tell(command: AnalysisCommand, done: FileResult) -> None:
    """Print the account of a result, and the first rows of what is a table."""
    from rich.console import Console

    from analysis.summary import figure
    from app.commands.printing import print_summary, print_table, print_written

    console = Console()
    result = done.result
    figures: dict[str, Any] = {}
    frame = result.layers[0].frame if result.layers else None
    if frame is not None and "gi_bin" in frame.columns:
        thing = "cells" if "cell" in frame.columns else "places"
        figures = {f"hot {thing}": f"{int((frame['gi_bin'] > 0).sum()):,}"}
        figures[f"cold {thing}"] = f"{int((frame['gi_bin'] < 0).sum()):,}"
    if command.kind == "kernel-density" and frame is not None and "density_per_km2" in frame.columns:
        figures = {"highest density": f"{figure(float(frame['density_per_km2'].max()))} per km2"}
    print_summary(console, result.summary, figures, ())
    if command.kind in ("top-places", "back-test", "near-repeat", "emerging-hot-spots"):
        name = "categories" if command.kind == "emerging-hot-spots" else next(iter(result.tables))
        table = result.tables[name]
        print_table(console, table[list(RANKING)] if command.kind == "back-test" else table, most=24)
    print_written(console, done.written)
