"""The grid of an analysis: as asked for, or of a suggested size with the reason."""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.errors import ParameterError
from analysis.grids.hexagons import HexagonGrid, hexagon_grid
from analysis.grids.square import SquareGrid, square_grid, suggest_cell_m
from app.analyses.inputs import AnalysisInput
from app.analyses.parameters.area import GridParameters


def square_cells(found: AnalysisInput, parameters: GridParameters) -> tuple[SquareGrid, dict[str, str]]:
    """Return square cells over the study area, and the reason for their size where it was suggested."""
    cell_m, rule = cell_size(found, parameters.cell_m, len(found.x))
    return square_grid(found.study_area, cell_m, **_where(found, parameters)), rule


def hexagon_cells(found: AnalysisInput, parameters: GridParameters) -> tuple[HexagonGrid, dict[str, str]]:
    """Return hexagons over the study area, and the reason for their size where it was suggested."""
    cell_m, rule = cell_size(found, parameters.cell_m, len(found.x))
    return hexagon_grid(found.study_area, cell_m, **_where(found, parameters)), rule


def cell_size(found: AnalysisInput, asked: float | None, n: int) -> tuple[float, dict[str, str]]:
    """Return the size of a cell for n events, and the reason where it was suggested."""
    if asked is not None:
        return asked, {}
    area_m2 = found.study_area.area if found.study_area is not None else np.ptp(found.x) * np.ptp(found.y)
    suggestion = suggest_cell_m(n, max(float(area_m2), 1.0))
    return suggestion.cell_m, {"cell_rule": suggestion.reason}


def require_study_area(found: AnalysisInput) -> Any:
    """Return the study area.

    Raises
    ------
    ParameterError
        There is none.
    """
    if found.study_area is None:
        raise ParameterError("This analysis needs a study area.", "Give the boundary of the place.")
    return found.study_area


def _where(found: AnalysisInput, parameters: GridParameters) -> dict[str, Any]:
    return {"crs": found.crs, "x": found.x, "y": found.y, "origin_m": parameters.origin_m}
