"""What a change by hand is answered with."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from analysis.beats.reasons import Reason
from analysis.beats.standing import BeatStanding


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
    undo_steps, redo_steps : int
        Changes that can be undone and redone.
    """

    revision: int
    changes: dict[Any, str | None]
    refused: tuple[Reason, ...]
    beats: tuple[BeatStanding, ...]
    figures: PlanFigures
    undo_steps: int
    redo_steps: int

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain values."""
        return dataclasses.asdict(self)
