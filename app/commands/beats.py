"""``kvart beats``: draw beats, change plans and look at them, from files, without a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from app.commands.beat_options import (
    AssignOptions,
    CheckOptions,
    CompareOptions,
    DrawOptions,
    RedrawOptions,
    SheetOptions,
    TradeOffOptions,
)
from app.commands.option_groups import command_of

if TYPE_CHECKING:
    from analysis.beats.officers import OfficerMatching
    from app.beats.computing import BeatResult
    from app.beats.from_files import BeatOutcome

FAILED = 1
"""Exit code where a plan can be read but does not pass its checks."""


def register(program: typer.Typer) -> None:
    """Add the commands of this group to the program."""
    group = typer.Typer(no_args_is_help=True, help="Beats with one permanent officer each, from files.")
    group.command(name="draw")(command_of(draw, DrawOptions))
    group.command(name="redraw")(command_of(redraw, RedrawOptions))
    group.command(name="trade-off")(command_of(trade_off, TradeOffOptions))
    group.command(name="officers")(command_of(officers, AssignOptions))
    group.command(name="check")(command_of(check, CheckOptions))
    group.command(name="compare")(command_of(compare, CompareOptions))
    group.command(name="sheets")(command_of(sheets, SheetOptions))
    program.add_typer(group, name="beats")


def draw(given: DrawOptions) -> None:
    """Contiguous beats of 3,000 to 7,000 residents with even workload, and one permanent officer each.

    Writes beats with beat_id, residents, workload, officer_id, polsby_popper, units, within_bounds, contiguous and
    reason. A beat that cannot be within the bounds is written too, with the reason.
    """
    _draw(given, given.proof)


def redraw(given: RedrawOptions) -> None:
    """Change a plan as little as possible until it keeps the bounds, or draw it anew at a price of continuity.

    Only beats out of bounds and those around them change; with --full all may, and --continuity is the price of each
    resident who changes beat.
    """
    _draw(given, None)


def trade_off(given: TradeOffOptions) -> None:
    """Five plans from the most compact to the most even, to choose from.

    `kvart beats draw --evenness E` with the same seed draws the one that you choose.
    """
    from rich.console import Console

    from app.beats.from_files import draw_trade_off, trade_off_table
    from app.commands.printing import print_table, print_written, progress_bars

    console = Console()
    with progress_bars(console) as bars:
        task = bars.add_task("trade-off", total=1.0, message="reading units")
        points, written = draw_trade_off(
            given.request(), given.table, lambda share, told: bars.update(task, completed=share, message=told)
        )
    print_table(console, trade_off_table(points))
    print_written(console, written)


def officers(given: AssignOptions) -> None:
    """Give each beat of a plan one permanent officer: the optimum over all pairs of beats and officers."""
    from rich.console import Console

    from app.beats.plans_from_files import match_officers, officer_table
    from app.commands.printing import print_table, print_written

    console = Console()
    result, written = match_officers(given.request(), given.plan, given.table)
    print_table(console, officer_table(result))
    if result.matching is not None:
        _print_reasons(console, result.matching)
    print_written(console, written)


def check(given: CheckOptions) -> None:
    """Look at a plan row by row, and make the six checks that it must pass before it is published.

    Ends with 2 where a row is at fault or a unit has no beat, with 1 where a check fails, with 0 where all pass.
    """
    from rich.console import Console
    from rich.text import Text

    from app.beats.from_files import PlanOutputs
    from app.beats.plan_files import require_good_rows
    from app.beats.plans_from_files import check_plan
    from app.commands.printing import print_written
    from app.errors import InvalidInputError

    if given.out is None and (given.map_file is not None or given.report is not None):
        raise InvalidInputError("--map and --report need --out.", "Name a layer to write as well.")
    outputs = None
    if given.out is not None:
        outputs = PlanOutputs(given.out, None, given.report, given.map_file, given.title)
    console = Console()
    found = check_plan(given.request(), given.plan, outputs)
    for item in found.checks:
        mark = ("passed  ", "green") if item.passed else ("FAILED  ", "bold red")
        console.print(Text.assemble(mark, item.message))
    require_good_rows(given.plan, found.preview)
    if found.result is not None:
        for reason in found.result.plan.reasons:
            console.print(Text.assemble((f"{reason.code}: ", "yellow"), f"{reason.message} {reason.hint}"))
    print_written(console, found.written)
    if not found.passed:
        raise typer.Exit(FAILED)


def compare(given: CompareOptions) -> None:
    """Say what changes from one plan to another: who moves, how workload shifts; names of beats do not matter."""
    from rich.console import Console

    from app.beats.plans_from_files import compare_files
    from app.commands.printing import print_table, print_written

    console = Console()
    found = compare_files(
        given.request(), (given.before, given.after), table=given.table, map_file=given.map_file, title=given.title
    )
    change = found.comparison
    share = change.moved_residents / found.everyone if found.everyone else 0.0
    console.print(f"{change.moved_residents:,} residents ({share:.1%}) in {change.moved_units:,} units change beat.")
    fresh = [name for name, earlier in change.continues.items() if earlier is None]
    if fresh or change.ended:
        console.print(f"New beats: {', '.join(fresh) or 'none'}. Beats that end: {', '.join(change.ended) or 'none'}.")
    console.print(f"Workload variation: {change.workload_cv_before:.1%} before, {change.workload_cv_after:.1%} after.")
    print_table(console, change.beats)
    print_written(console, found.written)


def sheets(given: SheetOptions) -> None:
    """Print one page for each beat: map, streets, residents, workload, and how to reach the officer."""
    from rich.console import Console

    from app.beats.plans_from_files import print_sheets
    from app.commands.printing import print_written

    written = print_sheets(
        given.request(),
        given.plan,
        given.out,
        streets=given.streets,
        street_name=given.street_name,
        only=given.only,
        title=given.title,
    )
    print_written(Console(), written)


def _draw(given: DrawOptions | RedrawOptions, proof_s: float | None) -> None:
    """Draw beats with a bar of progress, and print what they are like."""
    from rich.console import Console

    from app.beats.from_files import draw_beats
    from app.commands.printing import print_summary, progress_bars

    console = Console()
    with progress_bars(console) as bars:
        task = bars.add_task("beats", total=1.0, message="reading units")

        def tell(share: float, told: str) -> None:
            bars.update(task, completed=share, message=told)

        outcome = draw_beats(given.request(), given.outputs(), tell, proof_s)
    print_summary(console, outcome.result.summary, beat_figures(outcome.result) | _proven(outcome), outcome.written)


def beat_figures(result: BeatResult) -> dict[str, str]:
    """Return the figures of a plan that a reader looks for first."""
    found = result.plan.report
    figures = {
        "beats": f"{found.beats:,}",
        "within bounds": f"{found.within_bounds:,} of {found.beats:,}",
        "workload variation": f"{found.workload_cv:.1%} (no plan can be below {found.workload_cv_bound:.1%}); "
        f"busiest {found.workload_max_over_mean:.2f} times the mean",
        "above the bound": f"{found.workload_gap:.1%}",
        "compactness": f"{found.polsby_popper_mean:.2f} (Polsby-Popper mean)",
    }
    if result.before is not None:
        was = result.before
        figures["before"] = (
            f"{was['within_bounds']:,} of {was['beats']:,} beats within bounds, workload variation "
            f"{was['workload_cv']:.1%}"
        )
    if result.matching is not None:
        figures["officers"] = (
            f"{found.beats - len(result.matching.vacancies):,} of {found.beats:,} beats; "
            f"{result.matching.kept_residents:,} residents keep theirs"
        )
    return figures


def _proven(outcome: BeatOutcome) -> dict[str, str]:
    """Return what was proven about the busiest beat."""
    proof = outcome.proof
    if proof is None:
        return {}
    state = "proven to be the best" if proof.plan_gap <= 0 else f"{proof.plan_gap:.1%} above what is proven"
    return {"proof": f"busiest beat {proof.plan_peak:,.6g}, no plan below {proof.bound:,.6g}: {state}"}


def _print_reasons(console: Any, matching: OfficerMatching) -> None:
    """Print how many have an officer, and why some have not."""
    from rich.text import Text

    count = len(matching.officer_of_beat)
    console.print(
        f"{count - len(matching.vacancies):,} of {count:,} beats; {matching.kept_residents:,} residents keep."
    )
    for reason in matching.reasons:
        console.print(Text.assemble((f"{reason.code}: ", "yellow"), f"{reason.message} {reason.hint}"))
