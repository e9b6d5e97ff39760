"""Which fixes to do first under a budget, and how firmly each belongs to the choice."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from analysis.errors import ParameterError, TooFewEventsError
from analysis.grids.square import SquareGrid, square_grid
from analysis.siting.choice import FixChoice, choose_fixes
from analysis.siting.problem import SitingProblem, siting_problem
from analysis.siting.rank_sensitivity import rank_sensitivity
from app.analyses.computing.cells import require_study_area
from app.analyses.computing.fix_candidates import KINDS, benefit, candidates
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.fixes import FixRankingParameters

DEMAND_M = 25.0
"""Places of demand are cells of this size where none is asked for: small against the reach of any fix."""


def compute(found: AnalysisInput, parameters: FixRankingParameters, seed: int) -> AnalysisResult:
    """Return the layer and table ``fix-ranking``."""
    fixes, excluded, notices = candidates(found, parameters)
    problem = _problem(found, parameters, fixes)
    choice = choose_fixes(
        problem, parameters.budget, objective=parameters.objective, time_limit_s=parameters.time_limit_s
    )
    firm = rank_sensitivity(
        problem,
        parameters.budget,
        objective=parameters.objective,
        runs=parameters.runs,
        budget_spread=parameters.budget_spread,
        cost_spread=parameters.cost_spread,
        seed=seed,
        time_limit_s=min(parameters.time_limit_s, 5.0),
    )
    frame = _frame(fixes, choice, firm.frame)
    frame = frame.sort_values(["rank", "share_chosen"], ascending=[True, False], na_position="last", kind="stable")
    frame = frame.reset_index(drop=True)
    told = found.with_excluded(excluded, *notices)
    voices = 0 if found.town.voices is None else len(found.town.voices)
    reading = _reading(problem, choice, frame, parameters)
    own = dataclasses.replace(choice.summary, reading=reading, seed=seed, n_used=len(found.x) + voices)
    summary = told.of_result(own, sensitivity=firm.summary.parameters, cost=choice.cost)
    prevented = [float(frame.loc[frame["chosen"], name].sum()) for name in BOUNDS]
    figures = {
        "choice": {
            "cost": choice.cost,
            "crime_served": choice.crime_served,
            "concern_served": choice.concern_served,
            "crime_prevented": prevented,
            "proven": choice.proven,
        }
    }
    table = pd.DataFrame(frame.drop(columns="geometry"))
    return AnalysisResult(summary, (Layer("fix-ranking", frame),), {"fix-ranking": table}, figures)


BOUNDS = ("prevented_low", "prevented_middle", "prevented_high")


def _problem(found: AnalysisInput, parameters: FixRankingParameters, fixes: gpd.GeoDataFrame) -> SitingProblem:
    """Return events a year and distinct reporters in small cells, and which fix reaches which."""
    grid = square_grid(require_study_area(found), parameters.cell_m or DEMAND_M, crs=found.crs)
    voices = found.town.voices
    crime = _in_cells(grid, found.x, found.y)
    concern = np.zeros(crime.size) if voices is None else _in_cells(grid, voices.geometry.x, voices.geometry.y)
    wanted = crime if parameters.objective == "crime" else concern
    if not wanted.any():
        raise TooFewEventsError(
            f"There is no {parameters.objective} in the study area.", "Import some, or serve the other."
        )
    asked = (crime > 0) | (concern > 0)
    x, y = grid.centres()
    return siting_problem(
        x[asked],
        y[asked],
        fixes["reach"].to_numpy(),
        crs=found.crs,
        cost=fixes["cost"].to_numpy(dtype=np.float64),
        crime=crime[asked] / _years(found),
        concern=concern[asked],
        reach_m=0.0,
    )


def _in_cells(grid: SquareGrid, x: Any, y: Any) -> Any:
    if not len(x):
        return np.zeros(int(grid.inside.sum()))
    return grid.count(np.asarray(x), np.asarray(y)).counts[grid.inside].astype(np.float64)


def _years(found: AnalysisInput) -> float:
    try:
        return found.years()
    except ParameterError:
        return 1.0


def _frame(fixes: gpd.GeoDataFrame, choice: FixChoice, firm: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the candidates with their rank, what each adds, and the range of what it may prevent."""
    columns = {name: choice.frame[name] for name in ("chosen", "rank")}
    names = ("crime_alone", "concern_alone", "crime_added", "concern_added")
    columns |= {name: choice.frame[name].astype("Float64").round(2) for name in names}
    served = choice.frame["crime_added"].astype("Float64").fillna(choice.frame["crime_alone"])
    ranges = [benefit(kind) for kind in fixes["best_kind"]]
    for name, bound in zip(BOUNDS, ("low", "middle", "high"), strict=True):
        share = pd.array([None if one is None else getattr(one, bound) for one in ranges], dtype="Float64")
        columns[name] = (served * share).round(2)
    known = fixes[["fix", "bundle", "fixes", "title", "kind", "status", "owner", "cost"]].assign(
        principle=[KINDS[kind].principle if kind in KINDS else None for kind in fixes["best_kind"]],
        evidence=[KINDS[kind].evidence if kind in KINDS else None for kind in fixes["best_kind"]],
    )
    chosen = choice.frame["chosen"].to_numpy(dtype=bool)
    sure = (firm["firmness"] == "firm").to_numpy()
    columns["choice"] = np.select([chosen & sure, chosen], ["chosen_firm", "chosen"], "not_chosen").astype(object)
    return gpd.GeoDataFrame(known.assign(**columns, **firm), geometry=fixes.geometry, crs=fixes.crs)


def _reading(problem: SitingProblem, choice: FixChoice, frame: gpd.GeoDataFrame, parameters: Any) -> str:
    chosen = frame[frame["chosen"]]
    low, high = (float(chosen[name].sum()) for name in (BOUNDS[0], BOUNDS[2]))
    unknown = int(chosen["prevented_high"].isna().sum())
    words = f" Of {unknown} of them no benefit on crime is known." if unknown else ""
    firm = int((chosen["firmness"] == "firm").sum())
    return (
        f"{len(chosen):,} of {len(frame):,} fixes and bundles for {choice.cost:,.0f} of {parameters.budget:,.0f}, "
        f"chosen by {parameters.objective}: within their reach lie {choice.crime_served:,.0f} of "
        f"{problem.crime.sum():,.0f} events a year and {choice.concern_served:,.0f} of {problem.concern.sum():,.0f} "
        f"voices of residents. They may prevent {low:,.0f} to {high:,.0f} events a year: they may also change nothing, "
        f"so evaluate them.{words} {firm:,} are chosen nearly always when budget, costs and counts change."
    )
