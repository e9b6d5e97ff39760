"""Plans as they are stored, measured: the six checks, and any two plans side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy.orm import Session

from analysis.beats.comparison import PlanComparison, compare_plans
from analysis.beats.conditions import Conditions
from analysis.beats.integrity import Check, integrity_checks
from analysis.beats.problem import BeatProblem
from app.beats import service as beats
from app.beats.computing import problem_of
from app.beats.gathering import PlanInput, read_input, request_of
from app.beats.schemas import AllocationParameters
from app.database.base import WGS84
from app.errors import InvalidInputError
from app.municipalities.context import MunicipalityContext
from app.plans import repository


def plan_input(
    session: Session, municipality: MunicipalityContext, parameters: AllocationParameters
) -> tuple[PlanInput, BeatProblem]:
    """Read the units of a plan and their borders; locks are those that the plan stores, not those it began with."""
    found = read_input(session, municipality, parameters.model_copy(update={"officers": False}))
    request = request_of(parameters, municipality, 0)
    kept = Conditions(
        bridges=request.conditions.bridges,
        forbidden=request.conditions.forbidden,
        barriers=request.conditions.barriers,
    )
    return found, problem_of(found.units, replace(request, conditions=kept), found.study_area)


def check_plan(session: Session, municipality: MunicipalityContext, plan_id: int) -> tuple[Check, ...]:
    """Return the six integrity checks of a plan.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    """
    plan = beats.get_plan(session, municipality, plan_id)
    _, problem = plan_input(session, municipality, beats.parameters_of(session, municipality, plan))
    return integrity_checks(problem, beats.unit_assignments(session, municipality, plan_id))


def compare(session: Session, municipality: MunicipalityContext, before: int, after: int) -> PlanComparison:
    """Compare two plans of the same units, measured by what the later one was asked for with.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    InvalidInputError
        The plans divide different units.
    """
    plans = {plan_id: beats.get_plan(session, municipality, plan_id) for plan_id in (before, after)}
    _, problem = plan_input(session, municipality, beats.parameters_of(session, municipality, plans[after]))
    tables = {plan_id: beats.unit_assignments(session, municipality, plan_id) for plan_id in (before, after)}
    known = set(problem.row_of_unit)
    for plan_id, table in tables.items():
        if not known.issuperset(table["unit_id"]):
            raise InvalidInputError(
                f"Plan {plan_id} divides other areal units than plan {after}.", "Compare plans of the same units."
            )
    return compare_plans(
        problem,
        tables[before],
        tables[after],
        officers_before=_officers(session, municipality, before),
        officers_after=_officers(session, municipality, after),
    )


def moved_areas(
    session: Session,
    municipality: MunicipalityContext,
    before: int,
    after: int,
    continues: Mapping[str, str | None] | None = None,
) -> gpd.GeoDataFrame:
    """Return the areas whose residents change beat between two plans, one for each pair of beats.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    before, after : int
        Keys of the plans.
    continues : mapping of str to (str or None), optional
        Beat of the earlier plan that each beat of the later one continues, as a comparison found out; by default that
        of the same name, as a plan that was drawn from another has it.

    Returns
    -------
    GeoDataFrame
        ``beat_before, beat_after, units, residents`` and the area in WGS 84.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    """
    for plan_id in (before, after):
        beats.get_plan(session, municipality, plan_id)
    if continues is None:
        continues = {name: name for name in repository.beat_names(session, municipality.id, after)}
    rows = repository.read_moved(session, municipality.id, (before, after), continues)
    shapes = shapely.from_wkb(np.array([row["shape"] and bytes(row["shape"]) for row in rows], dtype=object))
    columns = {name: [row[name] for row in rows] for name in ("beat_before", "beat_after")}
    numbers = {name: np.array([int(row[name]) for row in rows], np.int64) for name in ("units", "residents")}
    return gpd.GeoDataFrame({**columns, **numbers}, geometry=shapes, crs=WGS84)


def _officers(session: Session, municipality: MunicipalityContext, plan_id: int) -> dict[str, str]:
    """Return the last officer of each beat of a plan."""
    rows = repository.list_assignments(session, municipality.id, plan_id)
    return {row["beat_id"]: row["officer_id"] for row in rows}
