"""How long a search may take: a budget in seconds, and a wish to stop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from analysis.errors import ParameterError

Cancelled = Callable[[], bool]

SEARCH_SHARE = 0.7
"""Share of the budget that is spent before repairs begin."""


class Patience:
    """A budget of time that says how much of the work planned still fits.

    Parameters
    ----------
    seconds : float or None
        Budget from now; None for no limit.
    cancelled : callable or None
        Asked now and then; once it answers True the search ends with the best plan so far.

    Raises
    ------
    ParameterError
        When the budget is not a positive number.

    Notes
    -----
    As long as the budget suffices it changes nothing, so that the seed alone decides the plan.
    """

    def __init__(self, seconds: float | None = None, cancelled: Cancelled | None = None) -> None:
        if seconds is not None and not (seconds > 0 and math.isfinite(seconds)):
            raise ParameterError(f"The time budget is {seconds} seconds.", "Give a positive number of seconds.")
        self.seconds = seconds
        self.cut_short = False
        self._cancelled = cancelled
        self._begin = time.perf_counter()

    def is_over(self) -> bool:
        """Return whether the search has to end."""
        over = self._left(1.0) <= 0.0 or (self._cancelled is not None and self._cancelled())
        self.cut_short = self.cut_short or over
        return over

    def density(self, seconds_spent: float, work_done: float, work_left: float) -> float:
        """Return the share (0 to 1) of the work left that still fits, going by the speed so far.

        Parameters
        ----------
        seconds_spent, work_done : float
            What the work done so far took.
        work_left : float
            Work that is planned, in the same unit.
        """
        if self.is_over():
            return 0.0
        if self.seconds is None or work_done <= 0.0 or work_left <= 0.0:
            return 1.0
        share = self._left(SEARCH_SHARE) * work_done / (max(seconds_spent, 1e-9) * work_left)
        self.cut_short = self.cut_short or share < 1.0
        return min(1.0, max(0.0, share))

    def _left(self, share: float) -> float:
        """Return the seconds left of a share of the budget."""
        if self.seconds is None:
            return math.inf
        return self.seconds * share - (time.perf_counter() - self._begin)
