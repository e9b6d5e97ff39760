"""How a back-test is made: periods, what ranks the methods, and at which part of the area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analysis.back_testing.accuracy import AREA_SHARES
from analysis.back_testing.paired_comparison import RESAMPLES
from analysis.back_testing.ranking_methods import COUNTS
from analysis.back_testing.rolling_windows import Unit

Measure = Literal["pai", "pei", "hit_rate", "area_under"]

MEASURE_NAMES: dict[Measure, str] = {
    "pai": "prediction accuracy index (PAI)",
    "pei": "prediction efficiency index (PEI)",
    "hit_rate": "hit rate",
    "area_under": "area under the capture curve",
}


@dataclass(frozen=True)
class BackTestPlan:
    """How to test.

    Attributes
    ----------
    fit, score : int
        Length of the fitting and of the scoring period, in `unit`.
    step : int or None
        From one window to the next; None: `score`.
    unit : {"month", "day"}
    measure : {"pai", "pei", "hit_rate", "area_under"}
        What ranks the methods; all are reported.
    area_share : float
        Part of the area at which the first three are taken for ranking.
    area_shares : tuple of float
        Parts of the area to report; `area_share` is added where missing.
    reference : str or None
        Method that every other is compared with, besides the best.
    resamples : int
        Bootstrap resamples of the windows.
    """

    fit: int
    score: int
    step: int | None = None
    unit: Unit = "month"
    measure: Measure = "pai"
    area_share: float = 0.05
    area_shares: tuple[float, ...] = AREA_SHARES
    reference: str | None = COUNTS
    resamples: int = RESAMPLES

    @property
    def reported_shares(self) -> tuple[float, ...]:
        """Parts of the area to report, ascending."""
        return tuple(sorted({*self.area_shares, self.area_share}))
