"""``kvart evaluate counts``: did a fix work, from counts before and after, without a database."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from analysis.evaluation.count_evaluation import CountEvaluation


class SelectedOn(StrEnum):
    """What got the treated place picked."""

    BEFORE = "before"
    EARLIER = "earlier"
    OTHER = "other"
    UNKNOWN = "unknown"


Pair = tuple[float, float]
COUNTS = "BEFORE AFTER"

Treated = Annotated[Pair, typer.Option("--treated", metavar=COUNTS, help="Events where the fix is.")]
Control = Annotated[
    Pair | None,
    typer.Option("--control", metavar=COUNTS, help="Events of a similar place; without it: uncontrolled."),
]
DisplacementTreated = Annotated[
    Pair | None, typer.Option("--displacement-treated", metavar=COUNTS, help="Events in the buffer around the fix.")
]
DisplacementControl = Annotated[
    Pair | None, typer.Option("--displacement-control", metavar=COUNTS, help="Events in the buffer of the control.")
]
TimeWeights = Annotated[
    Pair | None, typer.Option("--time-weights", metavar=COUNTS, help="Length of both periods, for example months.")
]
AreaSizes = Annotated[
    tuple[float, float, float, float] | None,
    typer.Option(
        "--area-weights",
        metavar="C T DC DT",
        help="Size of the control, the treated area, the buffer of the control and that of the treated area.",
    ),
]
Dispersion = Annotated[
    float | None, typer.Option("--dispersion", metavar="N", help="Variance over mean of counts; unknown by default.")
]
Confidence = Annotated[float, typer.Option("--confidence", metavar="N", help="Of intervals, between 0 and 1.")]
SelectedOnOption = Annotated[
    SelectedOn,
    typer.Option(
        "--selected-on",
        help="What got the place picked: the counts before (no claim is made then), counts of an earlier period, "
        "something other than counts.",
    ),
]
ExpectedBaseline = Annotated[
    bool, typer.Option("--expected-baseline", help="The treated count before is an empirical Bayes baseline.")
]
SameMonths = Annotated[
    bool | None,
    typer.Option("--same-months/--different-months", help="Both periods cover the same months of the calendar."),
]
AreasOverlap = Annotated[
    bool | None, typer.Option("--areas-overlap/--areas-apart", help="Areas, buffers or other fixes overlap.")
]
RecordingChanged = Annotated[
    bool | None,
    typer.Option("--recording-changed/--recording-unchanged", help="The practice of recording changed."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print everything as JSON.")]


def register(program: typer.Typer) -> None:
    """Add the commands of this group to the program."""
    group = typer.Typer(no_args_is_help=True, help="Did a fix work?")
    group.callback()(evaluate)
    group.command(name="counts")(counts)
    program.add_typer(group, name="evaluate")


def evaluate() -> None:
    """Did a fix work? Before and after against a control area, with guards."""


def counts(
    treated: Treated,
    control: Control = None,
    displacement_treated: DisplacementTreated = None,
    displacement_control: DisplacementControl = None,
    time_weights: TimeWeights = None,
    area_weights: AreaSizes = None,
    dispersion: Dispersion = None,
    confidence: Confidence = 0.95,
    selected_on: SelectedOnOption = SelectedOn.UNKNOWN,
    expected_baseline: ExpectedBaseline = False,
    same_months: SameMonths = None,
    areas_overlap: AreasOverlap = None,
    recording_changed: RecordingChanged = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate a fix by counts before and after it.

    Prints the weighted displacement difference, the relative effect size, with a buffer also the displacement quotient
    and the total net effect, every guard, and what may be claimed.
    """
    from analysis.evaluation.count_design import AreaWeights, BeforeAfter, CountDesign
    from analysis.evaluation.count_evaluation import evaluate_counts
    from analysis.evaluation.guards import StudyConditions

    def pair(given: Pair | None) -> BeforeAfter | None:
        return None if given is None else BeforeAfter(*given)

    design = CountDesign(
        treated=BeforeAfter(*treated),
        control=pair(control),
        displacement_treated=pair(displacement_treated),
        displacement_control=pair(displacement_control),
        time_weights=time_weights or (1.0, 1.0),
        area_weights=AreaWeights(*(area_weights or (1.0, 1.0, 1.0, 1.0))),
    )
    conditions = StudyConditions(selected_on.value, expected_baseline, same_months, areas_overlap, recording_changed)
    found = evaluate_counts(design, conditions, dispersion=dispersion, confidence=confidence)
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2, allow_nan=False))
        return
    _print(found)


def _print(found: CountEvaluation) -> None:
    """Print the verdict, the measures and every guard."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.print(Text(found.verdict.text, style="bold"))
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in _figures(found).items():
        table.add_row(name, Text(value))
    console.print(table)
    console.print(Text(found.summary.reading.removeprefix(found.verdict.text).strip()))
    for guard in found.guards:
        colour = {"passed": "green", "warning": "yellow", "refused": "red"}[guard.outcome]
        named = (f"{guard.outcome}: {guard.code.replace('_', ' ')}: ", colour)
        console.print(Text.assemble(named, guard.message))


def _figures(found: CountEvaluation) -> dict[str, str]:
    """Return the measures as text."""
    figures: dict[str, str] = {}
    confidence = found.summary.parameters["confidence"]
    if found.difference is not None:
        total = found.difference.total
        figures["weighted displacement difference"] = (
            f"{total.estimate:,.2f}, standard error {total.standard_error:,.2f}, z {total.z:.2f}, "
            f"{_probability(total.p_value)}, {_interval(total, confidence, 2)}"
        )
    size = found.relative_effect_size
    if size is not None:
        figures["relative effect size"] = f"{size.estimate:.3f}, {_interval(size, confidence, 3)}"
    elif found.effect is not None:
        figures["after over before"] = f"{found.effect.estimate:.3f}, {_interval(found.effect, confidence, 3)}"
    quotient = found.quotient
    if quotient is not None:
        shown = "not defined: the treated area did not fall against the control"
        if quotient.quotient is not None:
            shown = f"{quotient.quotient:.4f} ({quotient.spread})"
        figures["weighted displacement quotient"] = shown
        figures["total net effect"] = f"{quotient.total_net_effect:,.1f}, {_interval(quotient, confidence, 1)}"
    return figures


def _probability(p_value: float) -> str:
    """Return a p-value as text; a small one is not written as none."""
    return "p below 0.0001" if p_value < 0.0001 else f"p {p_value:.4f}"


def _interval(measure: Any, confidence: float, digits: int) -> str:
    """Return an interval as text."""
    return f"{confidence * 100:g} % interval {measure.low:,.{digits}f} to {measure.high:,.{digits}f}"
