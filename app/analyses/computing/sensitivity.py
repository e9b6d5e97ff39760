"""Whether hot spots stay when the grid moves."""

from __future__ import annotations

import dataclasses

import pandas as pd

from analysis.hot_spots.sensitivity import hot_spot_sensitivity
from app.analyses.computing.cells import hexagon_cells, require_study_area, square_cells
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.hot_spots import SensitivityParameters


def compute(found: AnalysisInput, parameters: SensitivityParameters, seed: int) -> AnalysisResult:
    """Return the layer ``sensitivity`` of the reference grid, and the table ``runs``."""
    require_study_area(found)
    grid, rule = (hexagon_cells if parameters.units == "hexagons" else square_cells)(found, parameters)
    result = hot_spot_sensitivity(
        found.x,
        found.y,
        grid,
        sizes=parameters.sizes,
        origins=parameters.origins,
        correction=parameters.correction,
        seed=seed,
    )
    runs = pd.DataFrame([dataclasses.asdict(run) for run in result.runs])
    summary = found.of_result(result.summary, **rule)
    return AnalysisResult(summary, (Layer("sensitivity", result.frame),), {"runs": runs})
