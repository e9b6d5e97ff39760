"""Use cases of beat plans: list and read them, and what they are drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from app.beats import repository
from app.beats.schemas import AllocationParameters
from app.database.feature_collections import Collection, FeatureQuery
from app.database.feature_pages import FeaturePage
from app.deferred import Deferred, gpd, pd
from app.errors import NotFoundError
from app.municipalities.context import MunicipalityContext

if TYPE_CHECKING:
    from analysis.beats.plan import BeatPlan
    from app.beats import computing, gathering
else:
    computing, gathering = Deferred("app.beats.computing"), Deferred("app.beats.gathering")

COLLECTION = repository.beats_of()
"""The beats of a plan, as the API document describes them."""
MOST_PLANS = 500


def input_fingerprint(session: Session, municipality: MunicipalityContext, parameters: AllocationParameters) -> str:
    """Return the fingerprint that a run with these parameters would have now."""
    return gathering.read_input(session, municipality, parameters).fingerprint


def parameters_of(session: Session, municipality: MunicipalityContext, plan: dict[str, Any]) -> AllocationParameters:
    """Return what a plan was asked for with; of a plan from a file what can be known of it."""
    stored = {name: value for name, value in plan["parameters"].items() if name in AllocationParameters.model_fields}
    if not stored:
        stored = {
            "workload": "residents",
            "units_source": repository.source_of_units(session, municipality.id, plan["id"]),
            "min_residents": plan["min_residents"],
            "max_residents": plan["max_residents"],
            "plan_name": plan["name"],
        }
    return AllocationParameters.model_validate(stored)


def drawn_from(plan: dict[str, Any]) -> int | None:
    """Return the key of the plan that a plan was drawn from, None where there was none."""
    found: int | None = plan["parameters"].get("current_plan_id")
    return found


def list_plans(session: Session, municipality: MunicipalityContext) -> list[dict[str, Any]]:
    """Return the plans of the municipality, newest first."""
    return repository.list_plans(session, municipality.id, MOST_PLANS)


def get_plan(session: Session, municipality: MunicipalityContext, plan_id: int) -> dict[str, Any]:
    """Return a plan with its report.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    """
    plan = repository.find_plan(session, municipality.id, plan_id)
    if plan is None:
        raise NotFoundError(
            f"{municipality.name} has no beat plan {plan_id}.",
            f"GET /municipalities/{municipality.code}/beat-plans lists those there are.",
        )
    return plan


def plan_of_run(session: Session, municipality: MunicipalityContext, run_id: int) -> int:
    """Return the key of the plan that a run made, or gave its officers.

    Raises
    ------
    NotFoundError
        The plan was deleted.
    """
    plan_id = repository.plan_of_run(session, municipality.id, run_id)
    if plan_id is None:
        raise NotFoundError(f"The beat plan of run {run_id} is gone.", "Start a new run.")
    return plan_id


def latest_plan(session: Session, municipality: MunicipalityContext) -> int:
    """Return the key of the newest plan that can be drawn.

    Raises
    ------
    NotFoundError
        There is none.
    """
    plan_id = repository.newest_plan(session, municipality.id)
    if plan_id is None:
        raise NotFoundError(
            f"{municipality.name} has no beat plan.",
            f"POST /municipalities/{municipality.code}/runs with the kind beat-allocation makes one.",
        )
    return plan_id


def has_plan(session: Session, municipality: MunicipalityContext) -> bool:
    """Say whether there is a plan that can be drawn."""
    return repository.newest_plan(session, municipality.id) is not None


def beat_features(
    session: Session, municipality: MunicipalityContext, plan_id: int, query: FeatureQuery
) -> FeaturePage:
    """Return the beats of a plan as GeoJSON text."""
    get_plan(session, municipality, plan_id)
    return repository.read_beats_as_geojson(session, municipality.id, plan_id, query)


def beats_of_plan(plan_id: int | None) -> Collection:
    """Return the collection of the beats of a plan; of none it is empty."""
    return repository.beats_of(plan_id)


def beat_frame(session: Session, municipality: MunicipalityContext, plan_id: int) -> gpd.GeoDataFrame:
    """Return the beats of a plan, WGS 84."""
    return repository.read_beats(session, municipality.id, plan_id)


def unit_assignments(session: Session, municipality: MunicipalityContext, plan_id: int) -> pd.DataFrame:
    """Return ``unit_id`` and ``beat_id`` of every unit of a plan."""
    return repository.read_assignments(session, municipality.id, plan_id)


def store_drawn(
    session: Session,
    municipality: MunicipalityContext,
    parameters: AllocationParameters,
    found: gathering.PlanInput,
    plan: BeatPlan,
) -> int:
    """Store a plan that people drew as a draft without officers, and return its key."""
    result = computing.with_officers(plan, gathering.request_of(parameters, municipality, 0), found.units)
    new = repository.NewPlan(
        name=parameters.plan_name,
        min_residents=parameters.min_residents,
        max_residents=parameters.max_residents,
        effective_from=parameters.effective_from,
        run_id=None,
        report=result.report(),
        parameters=parameters.model_dump(mode="json"),
        beats=result.frame,
        unit_keys=found.units["id"].to_numpy(),
        beat_of_unit=plan.beat_of_unit,
        officer_keys={},
    )
    plan_id, _ = repository.insert_plan(session, municipality.id, municipality.time_zone, new)
    return plan_id
