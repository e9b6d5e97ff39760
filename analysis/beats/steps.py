"""Steps of a plan that is changed by hand, kept so that they can be taken back and done once more."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Flags = NDArray[np.bool_]
Way = Literal["edit", "undo", "redo"]

MOST_STEPS = 200
"""Steps that are kept."""
MOST_UNITS = 1_000_000
"""Units of all steps together that are kept; the newest step is kept whatever it moved."""


@dataclass(frozen=True, eq=False)
class Step:
    """Units that were moved, locked or unlocked at once.

    Attributes
    ----------
    units : ndarray of int64, shape (u,)
        Positions of the units.
    before, after : ndarray of int64, shape (u,)
        Beat of each unit, -1 for none; empty where locks changed.
    locked : bool or None
        Whether the units were locked (True) or unlocked (False); None where they moved.
    """

    units: Labels
    before: Labels
    after: Labels
    locked: bool | None = None

    def back(self) -> Step:
        """Return the step that takes this one back."""
        return Step(self.units, self.after, self.before, None if self.locked is None else not self.locked)


_NONE = np.zeros(0, np.int64)
NO_STEP = Step(_NONE, _NONE, _NONE)
"""What changes nothing."""


@dataclass(frozen=True, eq=False)
class NamedStep:
    """A step with the names of the beats, to be kept elsewhere and recalled by another editor of the plan.

    Attributes
    ----------
    way : {'edit', 'undo', 'redo'}
        Whether it was new, took a step back, or did one once more.
    units : ndarray of int64, shape (u,)
        Positions of the units.
    before, after : sequence of (str or None), length u
        Beat of each unit, None for none; empty where locks changed.
    locked : bool or None
        Whether the units were locked (True) or unlocked (False); None where they moved.
    """

    way: Way
    units: Labels
    before: Sequence[str | None]
    after: Sequence[str | None]
    locked: bool | None = None


class StepHistory:
    """Steps that can be taken back and done once more; the oldest go when there are too many.

    Examples
    --------
    >>> history, step = StepHistory(), Step(np.array([0]), np.array([1]), np.array([2]))
    >>> _ = history.note("edit", step)
    >>> _ = history.note("undo", step.back())
    >>> len(history.done), len(history.undone)
    (0, 1)
    """

    def __init__(self) -> None:
        self.done: deque[Step] = deque()
        self.undone: list[Step] = []
        self._units = 0

    def note(self, way: Way, step: Step) -> list[Step]:
        """Note what was done; return the steps that are too old to be taken back from now on.

        Parameters
        ----------
        way : {'edit', 'undo', 'redo'}
            A new step makes an end of those that were taken back.
        step : Step
            What it did to the units: of an undo, the step turned round.
        """
        if way == "undo":
            if self.done:
                self._units -= len(self.done.pop().units)
            self.undone.append(step.back())
            return []
        del self.undone[-1 if way == "redo" else 0 :]
        self.done.append(step)
        self._units += len(step.units)
        return self._forgotten()

    def _forgotten(self) -> list[Step]:
        gone = []
        while len(self.done) > MOST_STEPS or (self._units > MOST_UNITS and len(self.done) > 1):
            gone.append(self.done.popleft())
            self._units -= len(gone[-1].units)
        return gone


def steps_leading_to(
    beat: Labels, locked: Flags, steps: Sequence[tuple[Way, Step]]
) -> tuple[list[tuple[Way, Step]], Labels]:
    """Return those steps that lead one after the other to a plan, and the plan before them.

    Parameters
    ----------
    beat, locked : ndarray, shape (n,)
        Beat of each unit after the steps, -1 for none, and whether it is locked.
    steps : sequence of (way, Step)
        Oldest first. All up to one that does not lead on to what is there are left out.

    Returns
    -------
    list of (way, Step)
    ndarray of int64, shape (n,)
        Beat of each unit before the steps that are returned.
    """
    beat, locked, known = beat.copy(), locked.copy(), []
    for way, step in reversed(steps):
        values, after = (beat, step.after) if step.locked is None else (locked, np.bool_(step.locked))
        if not (values[step.units] == after).all():
            break
        values[step.units] = step.before if step.locked is None else not step.locked
        known.append((way, step))
    return known[::-1], beat
