"""Which method would have foretold later events best on the user's own past."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt

from analysis.back_testing.back_test import back_test
from analysis.back_testing.back_test_plan import BackTestPlan, Measure
from analysis.back_testing.further_methods import further_methods
from analysis.back_testing.ranking_methods import RankingMethod, standard_methods
from analysis.grids.square import SquareGrid
from analysis.networks.street_network import street_network
from app.analyses.computing.cells import square_cells
from app.analyses.inputs import AnalysisInput, AnalysisResult
from app.analyses.parameters.places import BackTestParameters


def compute(found: AnalysisInput, parameters: BackTestParameters, seed: int) -> AnalysisResult:
    """Return the tables ``ranking``, ``results`` (window by window) and ``curves``."""
    events = found.dated("month" if parameters.unit == "month" else "day")
    grid, rule = square_cells(found, parameters)
    plan = BackTestPlan(
        fit=parameters.fit,
        score=parameters.score,
        step=parameters.step,
        unit=parameters.unit,
        measure=cast("Measure", parameters.measure.replace("-", "_")),
        area_share=parameters.area_share,
        area_shares=parameters.area_shares,
        resamples=parameters.resamples,
    )
    result = back_test(events, grid, plan, methods=_methods(found, parameters, grid), seed=seed)
    tables = {"ranking": result.ranking, "results": result.results, "curves": result.curves}
    return AnalysisResult(found.of_result(result.summary, **rule), (), tables, {"failed": result.failed})


def _methods(found: AnalysisInput, parameters: BackTestParameters, grid: SquareGrid) -> tuple[RankingMethod, ...]:
    residents = _residents_by_cell(found, grid) if parameters.residents else None
    standard = standard_methods(grid, residents)
    if parameters.methods == "standard":
        return standard
    network = street_network(found.known_streets()) if parameters.along_streets else None
    return (*standard, *further_methods(grid, network))


def _residents_by_cell(found: AnalysisInput, grid: SquareGrid) -> npt.NDArray[np.float64]:
    """Return the residents of the areal units whose centres lie in each cell."""
    units = found.known_units().dropna(subset="residents")
    places = units.geometry.centroid
    counted = grid.count(places.x, places.y, units["residents"].to_numpy(dtype=float))
    return np.asarray(counted.counts[grid.inside], dtype=float)
