"""Which hot spots stay, come back, come and go over periods."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError, TooFewEventsError
from analysis.grids.cell_grid import CellCounts
from analysis.grids.square import SquareGrid
from analysis.hot_spots.getis_ord import HotSpots, hot_spots_of_counts
from analysis.space_time.hot_spot_history import hot_spot_history
from analysis.summary import Summary
from app.analyses.computing.cells import square_cells
from app.analyses.computing.periods import in_period, whole_periods
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.times import HotSpotHistoryParameters, Period

CLASSES = ("persistent", "emerging", "intermittent", "former", "never")


def compute(found: AnalysisInput, parameters: HotSpotHistoryParameters, seed: int) -> AnalysisResult:
    """Return the layer ``hot-spot-history`` and the table ``periods``."""
    events = found.dated()
    periods = parameters.periods or whole_periods(events.day, parameters.split)
    if len(periods) < 2:
        raise TooFewEventsError(
            f"The events cover {len(periods)} whole {parameters.split}(s); a history takes two or more.",
            "Split into shorter parts, or give the periods.",
        )
    grid, rule = square_cells(found, parameters)
    inside = [in_period(events.day, period) for period in periods]
    counted = [grid.count(events.x[kept], events.y[kept]) for kept in inside]
    maps = [_map(cells, grid, parameters, period, seed) for cells, period in zip(counted, periods, strict=True)]
    classes = hot_spot_history(
        [spots.frame["gi_bin"].to_numpy() for spots in maps],
        least_confidence=parameters.least_confidence,
        side=parameters.side,
    )
    bins = {f"gi_bin_{number}": spots.frame["gi_bin"].to_numpy() for number, spots in enumerate(maps, start=1)}
    total = np.sum([cells.counts for cells in counted], axis=0)[grid.inside]
    frame = grid.to_frame(history=classes, count=total, **bins)
    table = pd.DataFrame(
        {
            "period": range(1, len(periods) + 1),
            "first": [period.first.isoformat() for period in periods],
            "last": [period.last.isoformat() for period in periods],
            "count": [spots.summary.n_used for spots in maps],
            "outside": [cells.outside for cells in counted],
        }
    )
    left_out = {
        **events.excluded,
        "outside": sum(cells.outside for cells in counted),
        "in_no_period": len(events.x) - sum(int(kept.sum()) for kept in inside),
    }
    summary = _summary(maps, periods, Counter(classes.tolist()), parameters)
    told = found.with_excluded(left_out, *events.notices).of_result(summary, **rule)
    return AnalysisResult(told, (Layer("hot-spot-history", frame),), {"periods": table})


def _map(
    cells: CellCounts, grid: SquareGrid, parameters: HotSpotHistoryParameters, period: Period, seed: int
) -> HotSpots:
    try:
        return hot_spots_of_counts(cells, grid, correction=parameters.correction, seed=seed)
    except AnalysisError as error:
        raise type(error)(f"Period {period.told}: {error}", error.hint) from error


def _summary(
    maps: list[HotSpots], periods: tuple[Period, ...], found: Counter[str], parameters: HotSpotHistoryParameters
) -> Summary:
    last = maps[-1].summary
    told = ", ".join(f"{found[name]:,} {name}" for name in CLASSES if found[name])
    side = parameters.side
    return dataclasses.replace(
        last,
        method=f"History of {side} spots (Getis-Ord Gi*)",
        parameters={
            **last.parameters,
            "periods": [period.told for period in periods],
            "least_confidence": parameters.least_confidence,
            "side": side,
        },
        n_used=sum(spots.summary.n_used for spots in maps),
        excluded={},
        warnings=tuple(dict.fromkeys(notice for spots in maps for notice in spots.summary.warnings)),
        reading=f"Over {len(periods)} periods from {periods[0].first} to {periods[-1].last}, the cells are: {told}. "
        f"Persistent cells were {side} in every period, emerging ones only lately, former ones no longer, "
        f"intermittent ones now and then; a cell is {side} at {parameters.least_confidence} % confidence or more.",
    )
