"""Where recorded crime and what residents name part: Lee's L, log ratio, four classes, and a table by beat."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd

from analysis.concern.concern_surface import concern_surface
from analysis.concern.lees_l import MEANING, concern_mismatch
from analysis.errors import EmptyInputError
from analysis.grids.square import SquareGrid
from analysis.hot_spots.lattice_neighbours import queen_neighbours, rook_neighbours
from analysis.summary import Notice
from app.analyses.computing.cells import square_cells
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.fixes import ConcernMismatchParameters

RADIUS_IN_CELLS = 3.0


def compute(found: AnalysisInput, parameters: ConcernMismatchParameters, seed: int) -> AnalysisResult:
    """Return the layer ``concern-mismatch`` and the tables ``mismatch-classes`` and ``mismatch-by-beat``."""
    voices = _voices(found, parameters)
    grid, rule = square_cells(found, parameters)
    crime = grid.count(found.x, found.y).counts[grid.inside]
    concern = grid.count(voices.geometry.x.to_numpy(), voices.geometry.y.to_numpy()).counts[grid.inside]
    local = concern_mismatch(
        crime,
        concern,
        (rook_neighbours if parameters.neighbours == "rook" else queen_neighbours)(grid),
        permutations=parameters.permutations,
        correction=parameters.correction,
        seed=seed,
    )
    radius_m = parameters.radius_m or RADIUS_IN_CELLS * grid.cell_m
    surface = concern_surface(
        (voices.geometry.x.to_numpy(), voices.geometry.y.to_numpy()),
        (found.x, found.y),
        grid,
        radius_m=radius_m,
        labellings=parameters.labellings,
        correction=parameters.correction,
        seed=seed,
    )
    frame = _frame(grid, crime, concern, local.frame, surface.frame)
    beats, notices = _by_beat(frame, found)
    tables = {"mismatch-classes": _classes(frame)} | ({} if beats is None else {"mismatch-by-beat": beats})
    warnings = (*local.summary.warnings, *surface.summary.warnings, *notices)
    own = dataclasses.replace(
        local.summary,
        n_used=len(found.x) + len(voices),
        reading=f"{local.summary.reading} {surface.summary.reading}",
        excluded=surface.summary.excluded,
        warnings=warnings,
        crs=surface.summary.crs,
        study_area_km2=surface.summary.study_area_km2,
    )
    more = {"incidents": len(found.x), "voices": len(voices), "cell_m": grid.cell_m, "radius_m": radius_m}
    summary = found.of_result(own, labellings=parameters.labellings, **more, **rule)
    return AnalysisResult(summary, (Layer("concern-mismatch", frame),), tables, {"lees_l": local.global_l})


def _voices(found: AnalysisInput, parameters: ConcernMismatchParameters) -> gpd.GeoDataFrame:
    voices = found.town.voices
    if voices is None or voices.empty:
        raise EmptyInputError("No resident has named a place.", "Import reports or danger zones first.")
    if not parameters.report_categories:
        return voices
    there = sorted({str(code) for code in voices["category"].dropna()})
    chosen = voices[voices["category"].isin(parameters.report_categories)].reset_index(drop=True)
    if chosen.empty:
        raise EmptyInputError("No report has one of these categories.", f"There are: {', '.join(there)}.")
    return chosen


def _frame(
    grid: SquareGrid, crime: object, concern: object, local: pd.DataFrame, surface: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    ratio = surface.rename(columns={"mismatch": "ratio_class", "p_value": "ratio_p", "q_value": "ratio_q"})
    names = ["log_ratio", "ratio_p", "ratio_q", "ratio_class"]
    clear = local["clear"].to_numpy(dtype=bool)
    by_ratio = ratio["ratio_class"].where(ratio["ratio_class"].isin(["more_concern", "more_crime"]), "not_clear")
    shown = np.where(clear, local["mismatch"], by_ratio)
    return grid.to_frame(
        incidents=crime,
        voices=concern,
        **{name: local[name] for name in local},
        **{name: ratio[name] for name in names},
        clear_class=shown,
    )


def _classes(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return cells, incidents and voices of each class."""
    rows = []
    for name, meaning in MEANING.items():
        cells = frame[frame["mismatch"] == name]
        clear = int(cells["clear"].sum())
        rows.append((name, meaning, len(cells), clear, int(cells["incidents"].sum()), int(cells["voices"].sum())))
    return pd.DataFrame(rows, columns=["mismatch", "meaning", "cells", "clear_cells", "incidents", "voices"])


def _by_beat(frame: gpd.GeoDataFrame, found: AnalysisInput) -> tuple[pd.DataFrame | None, tuple[Notice, ...]]:
    """Return incidents, voices and clear cells of each class by beat; a cell belongs to the beat of its middle."""
    beats = found.town.beats
    if beats is None or beats.empty:
        return None, (Notice("no_beats", "There is no beat plan, so that there is no table by beat."),)
    middles = gpd.GeoDataFrame(
        frame.drop(columns="geometry"), geometry=gpd.points_from_xy(frame["cell_x"], frame["cell_y"]), crs=frame.crs
    )
    joined = middles.sjoin(beats, predicate="within").drop_duplicates("cell")
    table = joined.groupby("beat")[["incidents", "voices"]].sum()
    clear = joined[joined["clear"]].groupby(["beat", "mismatch"]).size().unstack(fill_value=0)
    table = table.join(clear.reindex(columns=list(MEANING), fill_value=0)).fillna(0).astype(int).reset_index()
    shares = [table[name] / max(int(table[name].sum()), 1) for name in ("incidents", "voices")]
    table["share_of_incidents"], table["share_of_voices"] = (share.round(4) for share in shares)
    return table, ()
