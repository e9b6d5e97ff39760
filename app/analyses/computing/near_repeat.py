"""Near repeats (Knox), and the cells at raised risk on a day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from analysis.space_time.dated_events import DatedEvents
from analysis.space_time.near_repeat import KnoxBands, near_repeat
from analysis.space_time.raised_risk import RaisedRisk, raised_risk, risk_by_cell
from app.analyses.computing.cells import square_cells
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.times import NearRepeatParameters

PLACES = ["age_days", "distance_from_m", "distance_to_m", "ratio", "weight", "until", "geometry"]


def compute(found: AnalysisInput, parameters: NearRepeatParameters, seed: int) -> AnalysisResult:
    """Return the table ``knox``, the layer ``raised-risk`` of cells and that of the rings ``places-at-risk``."""
    events = found.dated()
    bands = KnoxBands(parameters.distance_edges_m, parameters.time_edges_days, parameters.metric)
    pattern = near_repeat(events, bands, permutations=parameters.permutations, seed=seed)
    as_of = parameters.as_of or _day_after(events)
    risk = raised_risk(events, pattern, as_of=pd.Timestamp(as_of))
    grid, rule = square_cells(found, parameters)
    cells = risk_by_cell(risk, grid)
    rings = risk.frame[PLACES]
    layers = (Layer("raised-risk", cells[cells["risk"] > 0].reset_index(drop=True)),)
    told = {**rule, "as_of": as_of.isoformat(), "cell_m": grid.cell_m}
    summary = found.of_result(pattern.summary, **told)
    figures = {"raised_risk": _told(risk, int((cells["risk"] > 0).sum()))}
    return AnalysisResult(
        summary, (*layers, Layer("places-at-risk", rings, exact_places=True)), {"knox": pattern.frame}, figures
    )


def _day_after(events: DatedEvents) -> date:
    return date(1970, 1, 1) + timedelta(days=int(np.max(events.day)) + 1)


def _told(risk: RaisedRisk, cells: int) -> dict[str, Any]:
    return {"cells": cells, "reading": risk.summary.reading, "events": risk.summary.n_used}
