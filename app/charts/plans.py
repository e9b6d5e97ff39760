"""The beats of a plan, or five plans side by side, as charts and reports take them."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from app.analyses.stored import stored_summary
from app.beats import service as beats
from app.charts.results import ChartedResult
from app.maps.formatting import is_missing, words
from app.municipalities.context import MunicipalityContext
from app.runs.service import AnalysisRun

LIGHT, HEAVY = 0.8, 1.2
"""Of the mean work: below and above these a beat has clearly less or more than its share."""


def charted_plan(session: Session, municipality: MunicipalityContext, run: AnalysisRun) -> ChartedResult:
    """Return the plan that a run made, or the five of a trade-off.

    Raises
    ------
    NotFoundError
        The plan was deleted.
    """
    told: dict[str, Any] = run.summary or {}
    summary = stored_summary(run)
    if "points" in told:
        return ChartedResult(summary, {}, {"trade-off": pd.DataFrame(told["points"])}, told)
    plan_id = beats.plan_of_run(session, municipality, run.id)
    plan = beats.get_plan(session, municipality, plan_id)
    frame = beats.beat_frame(session, municipality, plan_id).to_crs(municipality.working_crs)
    frame = frame.assign(load=load_classes(frame), travel_km=_ways(frame, plan))
    bounds = {name: plan[name] for name in ("min_residents", "max_residents")}
    return ChartedResult(summary, {"beats": frame}, {"beats": _table(frame)}, {**told, **bounds})


def plan_title(session: Session, municipality: MunicipalityContext, run: AnalysisRun) -> str:
    """Return the heading of a run that makes plans."""
    if "points" in (run.summary or {}):
        return f"Five plans from compact to even, {municipality.name}"
    plan = beats.get_plan(session, municipality, beats.plan_of_run(session, municipality, run.id))
    return f"{plan['name']}, version {plan['version']} ({plan['status']}), {municipality.name}"


def load_classes(frame: pd.DataFrame) -> np.ndarray:
    """Return the class of each beat by its work against the mean; beats with a reason are a class of their own.

    Parameters
    ----------
    frame : DataFrame
        ``workload`` and ``reason``.

    Returns
    -------
    ndarray of str, shape (n,)
        ``flagged``, ``light``, ``even`` or ``heavy``.

    Examples
    --------
    >>> beats = pd.DataFrame({"workload": [50.0, 100.0, 150.0, 100.0], "reason": [None, None, None, "above_max"]})
    >>> load_classes(beats).tolist()
    ['light', 'even', 'heavy', 'flagged']
    """
    work = frame["workload"].astype(float).fillna(0.0).to_numpy()
    mean = float(work.mean()) if len(work) else 0.0
    share = work / mean if mean > 0 else np.ones(len(work))
    load = np.select([share < LIGHT, share > HEAVY], ["light", "heavy"], "even")
    return np.where(frame["reason"].notna(), "flagged", load)


def _table(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the beats with the short names that the table of a report has room for."""
    reasons = [None if is_missing(reason) else words(str(reason)) for reason in frame["reason"]]
    return pd.DataFrame(frame.drop(columns=["geometry", "reason"])).assign(
        beat=frame["beat_id"], work=frame["workload"], officer=frame["officer_id"], shape=frame["polsby_popper"],
        km=frame["travel_km"], reason=pd.Series(reasons, dtype=object, index=frame.index),
    )  # fmt: skip


def _ways(frame: gpd.GeoDataFrame, plan: dict[str, Any]) -> list[float | None]:
    """Return the way of the officer of each beat from the station, where the plan tells it."""
    officers = (plan["report"] or {}).get("officers") or {}
    ways = officers.get("travel_km", {})
    return [None if (way := ways.get(beat)) is None else round(float(way), 1) for beat in frame["beat_id"]]
