"""``kvart beats``: from areal units to beats, without a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from app.commands import options

if TYPE_CHECKING:
    from app.beats.computing import BeatResult


def register(program: typer.Typer) -> None:
    """Add the commands of this group to the program."""
    program.command(name="beats")(beats)


def beats(
    units: options.UnitsFile,
    out: options.OutFile,
    residents: options.Residents,
    workload: options.Workload = None,
    hard_boundary: options.HardBoundary = None,
    min_residents: options.MinResidents = 3000,
    max_residents: options.MaxResidents = 7000,
    number: options.BeatCount = None,
    officers: options.OfficersFile = None,
    current: options.CurrentColumn = None,
    unit_id: options.UnitId = None,
    seed: options.Seed = 0,
    assignments: options.AssignmentsFile = None,
    report: options.ReportFile = None,
    study_area: options.StudyArea = None,
    crs: options.Crs = None,
    working_crs: options.WorkingCrs = None,
    x: options.XColumn = None,
    y: options.YColumn = None,
    layer: options.Layer = None,
    delimiter: options.Delimiter = None,
    decimal: options.Decimal = None,
    map_file: options.MapFile = None,
    title: options.Title = None,
) -> None:
    """Contiguous beats of 3,000 to 7,000 residents with even workload, and one permanent officer each.

    Writes beats with beat_id, residents, workload, officer_id, polsby_popper, units, within_bounds, contiguous and
    reason. A beat that cannot be within the bounds is written too, with the reason.
    """
    from rich.console import Console

    from app.beats.computing import BeatRequest
    from app.beats.from_files import UnitsRequest, draw_beats
    from app.commands.printing import print_summary, progress_bars

    columns = BeatRequest(
        residents, workload, hard_boundary, unit_id, current, min_residents, max_residents, number, seed
    )
    text = options.dialect(layer, delimiter, decimal)
    request = UnitsRequest(
        units, out, columns, officers, crs, working_crs, x, y, text, assignments, report, map_file, title, study_area
    )
    console = Console()
    with progress_bars(console) as bars:
        task = bars.add_task("beats", total=1.0, message="reading units")
        outcome = draw_beats(request, lambda share, told: bars.update(task, completed=share, message=told))
    print_summary(console, outcome.result.summary, beat_figures(outcome.result), outcome.written)


def beat_figures(result: BeatResult) -> dict[str, str]:
    """Return the figures of a plan that a reader looks for first."""
    found = result.plan.report
    figures = {
        "beats": f"{found.beats:,}",
        "within bounds": f"{found.within_bounds:,} of {found.beats:,}",
        "workload variation": f"{found.workload_cv:.1%}; busiest {found.workload_max_over_mean:.2f} times the mean",
        "above the bound": f"{found.workload_gap:.1%}",
        "compactness": f"{found.polsby_popper_mean:.2f} (Polsby-Popper mean)",
    }
    if result.matching is not None:
        figures["officers"] = (
            f"{found.beats - len(result.matching.vacancies):,} of {found.beats:,} beats; "
            f"{result.matching.kept_residents:,} residents keep theirs"
        )
    return figures
