"""Use cases of the life of plans: steps with their reasons, who holds a beat, and who is the officer at a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from app.beats import service as beats
from app.deferred import Deferred, pd
from app.errors import ConflictError, NotFoundError
from app.municipalities.context import MunicipalityContext
from app.plans import repository
from app.plans.edits import repository as edits
from app.plans.lifecycle import require_transition
from app.plans.repository import NewAssignment
from app.plans.schemas import Assignment

if TYPE_CHECKING:
    from analysis.beats import tenure as tenures
    from app.plans import measuring
else:
    tenures, measuring = Deferred("analysis.beats.tenure"), Deferred("app.plans.measuring")

NEVER_ACCEPTED = ("double_assignment", "unassigned", "population_sum")


@dataclass(frozen=True)
class Decision:
    """Why a plan changes its status, and what goes with it.

    Attributes
    ----------
    reason : str
    actor : str
        Who takes the step.
    effective_from : date or None
        First day of a plan that is published.
    accept : tuple of str
        Failed checks that are accepted.
    hand_over : str or None
        What the officers of the former plan hand over.
    """

    reason: str
    actor: str
    effective_from: date | None = None
    accept: tuple[str, ...] = ()
    hand_over: str | None = None


def change_status(
    session: Session, municipality: MunicipalityContext, plan_id: int, step: str, decision: Decision
) -> dict[str, Any]:
    """Take a plan through a step of its life and return it.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    ConflictError
        The plan has another status, fails a check that was not accepted, or would begin before the plan in force.
    """
    plan = lock_plan(session, municipality, plan_id)
    transition = require_transition(step, plan["status"])
    day = None
    if transition.target == "published":
        _require_checks(session, municipality, plan_id, decision.accept)
        day = decision.effective_from or plan["effective_from"] or today(municipality)
        put_in_force(session, municipality, plan_id, day, decision.reason, decision.hand_over)
    else:
        repository.set_status(session, municipality.id, plan_id, transition.target)
    if plan["status"] == "draft":
        edits.forget_edits(session, municipality.id, plan_id)
    repository.insert_change(
        session,
        municipality.id,
        plan_id,
        action=step,
        from_status=plan["status"],
        to_status=transition.target,
        reason=decision.reason,
        hand_over=decision.hand_over,
        actor=decision.actor,
        effective_from=day,
    )
    return beats.get_plan(session, municipality, plan_id)


def put_in_force(
    session: Session,
    municipality: MunicipalityContext,
    plan_id: int,
    day: date,
    reason: str,
    hand_over: str | None = None,
) -> None:
    """Publish a plan from a day on; the plan before ends on that day, and so do its assignments.

    Raises
    ------
    ConflictError
        The plan in force begins on that day or later.
    """
    former = repository.plans_to_supersede(session, municipality.id, plan_id)
    for plan in former:
        if plan["effective_from"] > day:
            raise ConflictError(
                f"Plan '{plan['name']}' version {plan['version']} is in force from {plan['effective_from']}: this one "
                f"cannot begin on {day}.",
                "Give a later day as effective_from.",
            )
        repository.supersede(session, municipality.id, plan["id"], day, hand_over)
    repository.publish(session, municipality.id, plan_id, day, reason)


def history(session: Session, municipality: MunicipalityContext, plan_id: int) -> Sequence[RowMapping]:
    """Return the steps in the life of a plan, oldest first.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    """
    beats.get_plan(session, municipality, plan_id)
    return repository.list_changes(session, municipality.id, plan_id)


def assignments(session: Session, municipality: MunicipalityContext, plan_id: int) -> Sequence[RowMapping]:
    """Return who held the beats of a plan, from when until when, why, and what was handed over.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    """
    beats.get_plan(session, municipality, plan_id)
    return repository.list_assignments(session, municipality.id, plan_id)


def assign(session: Session, municipality: MunicipalityContext, plan_id: int, asked: Assignment) -> None:
    """Give a beat to another officer, or to nobody, from a day on.

    Raises
    ------
    NotFoundError
        There is no such plan, beat or officer.
    ConflictError
        The plan has ended, the officer holds another beat of it, or the officer before came later than that day.
    """
    plan = lock_plan(session, municipality, plan_id)
    end, now = plan["effective_to"], today(municipality)
    day = asked.valid_from or max(now, plan["effective_from"] or date.min)
    if plan["status"] == "superseded" and (end is None or end <= max(day, now)):
        raise ConflictError(f"Plan {plan_id} ends on {end}: nobody takes a beat of it then.", "Use the next plan.")
    beat = repository.find_beat(session, municipality.id, plan_id, asked.beat_id)
    if beat is None:
        raise NotFoundError(f"Plan {plan_id} has no beat {asked.beat_id!r}.", "Correct the beat id.")
    officer = None if asked.officer_id is None else _officer(session, municipality, plan_id, beat, asked.officer_id)
    former = repository.last_assignment(session, municipality.id, beat, end)
    in_force = plan["status"] in ("published", "superseded")
    if in_force and former is not None and former["valid_from"] > day:
        raise ConflictError(
            f"Beat {asked.beat_id} is held from {former['valid_from']}: nobody can take it over on {day}.",
            "Give a later day as valid_from.",
        )
    if (former is None and officer is None) or (former is not None and former["officer_id"] == officer):
        raise ConflictError(f"Nothing would change for beat {asked.beat_id}.", "Name another officer.")
    new = NewAssignment(beat, officer, day, end, asked.reason, asked.hand_over)
    repository.replace_assignment(
        session, municipality.id, new, None if former is None else former["id"], keep_former=in_force
    )


def tenure(session: Session, municipality: MunicipalityContext, as_of: date | None = None) -> tenures.TenureFigures:
    """Return how long officers stay with their beats, over all plans in force up to a day, today by default."""
    rows = repository.assignments_ever(session, municipality.id)
    columns = ["beat_id", "officer_id", "valid_from", "valid_to"]
    table = pd.DataFrame([dict(row) for row in rows], columns=columns)
    return tenures.tenure_figures(table, as_of or today(municipality))


def officer_at(
    session: Session, municipality: MunicipalityContext, lon: float, lat: float, as_of: date | None = None
) -> RowMapping:
    """Return the beat at a place of the plan in force on a day, today by default, and its officer.

    Raises
    ------
    NotFoundError
        No plan is in force, or the place lies in no beat of it.
    """
    day = as_of or today(municipality)
    found = repository.officer_at(session, municipality.id, lon, lat, day)
    if found is None and repository.plan_in_force(session, municipality.id, day) is None:
        raise NotFoundError(f"{municipality.name} has no beat plan in force on {day}.", "Ask at the station.")
    if found is None:
        raise NotFoundError(
            f"The place {lon:g}, {lat:g} lies in no beat of {municipality.name}.",
            "Give longitude and latitude in degrees, longitude first.",
        )
    return found


def publish_officer(
    session: Session, municipality: MunicipalityContext, officer_id: int, display_name: str | None, *, published: bool
) -> None:
    """Say whether everybody may read the name and the contact of an officer.

    Raises
    ------
    NotFoundError
        There is no such officer.
    """
    if not repository.set_publication(session, municipality.id, officer_id, display_name, published=published):
        raise NotFoundError(
            f"{municipality.name} has no officer {officer_id}.",
            f"GET /municipalities/{municipality.code}/officers lists them.",
        )


def lock_plan(
    session: Session, municipality: MunicipalityContext, plan_id: int, tables: Sequence[str] = ()
) -> RowMapping:
    """Return a plan that nobody else changes until the transaction ends.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    plan_id : int
    tables : sequence of str
        Tables whose versions are told with it, as ``data_versions``.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    """
    plan = repository.lock_plan(session, municipality.id, plan_id, tables)
    if plan is None:
        raise NotFoundError(
            f"{municipality.name} has no beat plan {plan_id}.",
            f"GET /municipalities/{municipality.code}/beat-plans lists those there are.",
        )
    return plan


def plan_in_force(session: Session, municipality: MunicipalityContext) -> int | None:
    """Return the key of the plan in force today, None where there is none."""
    return repository.plan_in_force(session, municipality.id, today(municipality))


def today(municipality: MunicipalityContext) -> date:
    """Return the day that it is in the municipality."""
    return datetime.now(ZoneInfo(municipality.time_zone)).date()


def _require_checks(
    session: Session, municipality: MunicipalityContext, plan_id: int, accepted: tuple[str, ...]
) -> None:
    failed = [check for check in measuring.check_plan(session, municipality, plan_id) if not check.passed]
    refused = [check for check in failed if check.code not in accepted or check.code in NEVER_ACCEPTED]
    possible = ", ".join(check.code for check in refused if check.code not in NEVER_ACCEPTED)
    if refused:
        raise ConflictError(
            " ".join(check.message for check in refused),
            f"Reject the plan and put it right, or accept and say in the reason why: {possible or 'none can be'}.",
            errors=[{"code": check.code, "reason": check.message} for check in refused],
        )


def _officer(session: Session, municipality: MunicipalityContext, plan_id: int, beat: int, badge: str) -> int:
    officer = repository.find_officer(session, municipality.id, badge)
    if officer is None:
        raise NotFoundError(f"{municipality.name} has no officer {badge!r}.", "Correct the badge number.")
    other = repository.other_beat_of(session, municipality.id, plan_id, officer, beat)
    if other is not None:
        raise ConflictError(
            f"Officer {badge} holds beat {other}: an officer has one beat.",
            f"Give beat {other} to somebody else first.",
        )
    return officer
