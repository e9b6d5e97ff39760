"""What a change by hand is answered with."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from analysis.beats.problem import BeatProblem
from analysis.beats.reasons import Reason
from analysis.beats.standing import BeatStanding, Figures


@dataclass(frozen=True)
class PlanFigures:
    """Figures of a whole plan while it is changed.

    Attributes
    ----------
    beats, within_bounds, contiguous : int
        Number of beats, of those within the bounds, and of those whose units connect.
    unassigned_units, unassigned_residents : int
        Units without a beat, and their residents.
    workload_cv, workload_max_over_mean : float
        Standard deviation and largest workload over the mean.
    moved_residents : int or None
        Residents whose beat is not that of the plan in force, None without one.
    """

    beats: int
    within_bounds: int
    contiguous: int
    unassigned_units: int
    unassigned_residents: int
    workload_cv: float
    workload_max_over_mean: float
    moved_residents: int | None


def plan_figures(
    problem: BeatProblem, figures: Figures, unassigned: tuple[int, int], moved_residents: int | None
) -> PlanFigures:
    """Put the figures of a whole plan together.

    Parameters
    ----------
    problem : BeatProblem
        The task.
    figures : Figures
        Of every beat; those without units do not count.
    unassigned : (int, int)
        Units without a beat, and their residents.
    moved_residents : int or None
        Residents whose beat is not that of the plan in force.
    """
    present = figures.units > 0
    residents, work = figures.residents[present], figures.workload[present]
    mean = float(work.mean()) if len(work) else 0.0
    return PlanFigures(
        beats=int(present.sum()),
        within_bounds=int(((residents >= problem.min_residents) & (residents <= problem.max_residents)).sum()),
        contiguous=int((figures.pieces[present] == 1).sum()),
        unassigned_units=unassigned[0],
        unassigned_residents=unassigned[1],
        workload_cv=float(work.std() / mean) if mean > 0 else 0.0,
        workload_max_over_mean=float(work.max() / mean) if mean > 0 else 1.0,
        moved_residents=moved_residents,
    )


@dataclass(frozen=True)
class EditAnswer:
    """What a change did.

    Attributes
    ----------
    revision : int
        Rises with every change, undo and redo.
    changes : dict of object to (str or None)
        New beat by unit id, None where the unit has no beat now.
    refused : tuple of Reason
        What was not done: units that are locked, a beat that could not be put in order.
    beats : tuple of BeatStanding
        Every beat touched; one without units is gone.
    figures : PlanFigures
        The whole plan.
    reasons : tuple of Reason
        What is not in order about the whole plan, and which edits made it so.
    undo_steps, redo_steps : int
        Changes that can be undone and redone.
    """

    revision: int
    changes: dict[Any, str | None]
    refused: tuple[Reason, ...]
    beats: tuple[BeatStanding, ...]
    figures: PlanFigures
    reasons: tuple[Reason, ...]
    undo_steps: int
    redo_steps: int

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain values."""
        return dataclasses.asdict(self)
