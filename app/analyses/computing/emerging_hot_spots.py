"""How hot and cold spots develop over the steps of a space-time cube."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from analysis.space_time.emerging_hot_spots import emerging_hot_spots
from analysis.space_time.space_time_cube import space_time_cube
from app.analyses.computing.cells import square_cells
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.times import EmergingHotSpotParameters


def compute(found: AnalysisInput, parameters: EmergingHotSpotParameters, seed: int) -> AnalysisResult:
    """Return the layer ``emerging-hot-spots``, and the tables ``steps`` and ``categories``."""
    events = found.dated("month" if parameters.step == "month" else "day")
    grid, rule = square_cells(found, parameters)
    start = parameters.period_from
    end = None if parameters.period_to is None else parameters.period_to + timedelta(days=1)
    cube = space_time_cube(
        events,
        grid,
        step=parameters.step,
        start=None if start is None else pd.Timestamp(start),
        end=None if end is None else pd.Timestamp(end),
    )
    result = emerging_hot_spots(cube, correction=parameters.correction, confidence=parameters.confidence, seed=seed)
    steps = pd.DataFrame({"start": list(cube.starts), "count": cube.counts.sum(axis=(1, 2)).astype(np.int64)})
    categories = result.frame["category"].value_counts().sort_index()
    tables = {
        "steps": steps,
        "categories": pd.DataFrame({"category": categories.index.astype(str), "cells": categories.to_numpy()}),
    }
    summary = found.of_result(result.summary, **rule)
    return AnalysisResult(summary, (Layer("emerging-hot-spots", result.frame),), tables)
