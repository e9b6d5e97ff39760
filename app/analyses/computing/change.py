"""Change between two periods, cell by cell."""

from __future__ import annotations

from typing import Literal, cast

from analysis.errors import EmptyInputError
from analysis.space_time.period_change import period_change
from app.analyses.computing.cells import square_cells
from app.analyses.computing.periods import in_period
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.times import ChangeParameters


def compute(found: AnalysisInput, parameters: ChangeParameters, _seed: int) -> AnalysisResult:
    """Return the layer ``change``."""
    events = found.dated()
    grid, rule = square_cells(found, parameters)
    before, after = (in_period(events.day, period) for period in (parameters.before, parameters.after))
    for period, kept in ((parameters.before, before), (parameters.after, after)):
        if not kept.any():
            raise EmptyInputError(f"No event lies in the period {period.told}.", _covered(found))
    counted = [grid.count(events.x[kept], events.y[kept]) for kept in (before, after)]
    result = period_change(
        counted[0].counts,
        counted[1].counts,
        grid,
        days_before=parameters.before.days,
        days_after=parameters.after.days,
        correction=parameters.correction,
        against=cast("Literal['no_change', 'whole_map']", parameters.against.replace("-", "_")),
        mid_p=parameters.mid_p,
    )
    left_out = {
        **events.excluded,
        "outside": sum(counts.outside for counts in counted),
        "in_neither_period": int((~before & ~after).sum()),
    }
    told = found.with_excluded(left_out, *events.notices).of_result(
        result.summary, **rule, before=parameters.before.told, after=parameters.after.told
    )
    return AnalysisResult(told, (Layer("change", result.frame),))


def _covered(found: AnalysisInput) -> str:
    return f"The events are from {found.period}; choose periods that hold some."
