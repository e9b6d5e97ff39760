"""The steps in the life of a danger zone: one table of what leads from where to where, and who may take them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from app.errors import ConflictError

Taker = Literal["staff", "reporter"]

DONE = frozenset({"fixed", "confirmed"})
"""Statuses that the public reads as done."""

ENDED = ("rejected", "duplicate", "passed_on", "confirmed")
"""Statuses in which nothing is to be done any more, unless somebody opens the zone again."""


@dataclass(frozen=True)
class Transition:
    """A step from one status to another.

    Attributes
    ----------
    name : str
        Last part of its address, and the word for it in the history.
    sources : tuple of str
        Statuses that it leads from.
    target : str
        Status that it leads to.
    takers : tuple of str
        Who may take it: staff with the right to moderate, the reporter by the secret link, or both.
    description : str
        What it does, for the API document.
    """

    name: str
    sources: tuple[str, ...]
    target: str
    takers: tuple[Taker, ...]
    description: str


_STAFF: tuple[Taker, ...] = ("staff",)
_BOTH: tuple[Taker, ...] = ("staff", "reporter")

TRANSITIONS = {
    step.name: step
    for step in (
        Transition("moderate", ("received",), "in_moderation", _STAFF, "Begin to look at a report."),
        Transition("accept", ("in_moderation",), "open", _STAFF, "Accept it as a danger zone."),
        Transition("plan", ("open", "reopened"), "in_plan", _STAFF, "Take it into a plan."),
        Transition("begin-fix", ("in_plan",), "fix_under_way", _STAFF, "Begin to fix it."),
        Transition("finish-fix", ("fix_under_way",), "fixed", _STAFF, "Say that it is fixed, and ask the reporters."),
        Transition("confirm", ("fixed", "not_confirmed"), "confirmed", _BOTH, "Confirm that the fix worked."),
        Transition("contradict", ("fixed", "confirmed"), "not_confirmed", _BOTH, "Say that it is not better."),
        Transition("reopen", ("not_confirmed", "confirmed"), "reopened", _BOTH, "Open it again."),
        Transition(
            "reject",
            ("received", "in_moderation", "open", "reopened"),
            "rejected",
            _STAFF,
            "Turn it down, with the reason.",
        ),
        Transition(
            "pass-on",
            ("received", "in_moderation", "open", "in_plan", "reopened"),
            "passed_on",
            _STAFF,
            "Pass it on to who is responsible; `passed_on_to` says to whom.",
        ),
        Transition("reconsider", ("rejected", "passed_on"), "in_moderation", _STAFF, "Look at it anew."),
    )
}
"""Merging makes a zone a ``duplicate``, and undoing that gives it the status back that it had before."""

MERGEABLE = ("received", "in_moderation", "open", "in_plan", "fix_under_way", "fixed", "not_confirmed", "reopened")
"""Statuses of a zone that may become the duplicate of another, or take in one."""

PATH_TO_FIXED = ("received", "in_moderation", "open", "in_plan", "fix_under_way", "fixed")
"""The straight way; each next status is one step on."""


def require_transition(name: str, status: str, taker: Taker = "staff") -> Transition:
    """Return a step that can be taken from a status.

    Raises
    ------
    ConflictError
        The zone has another status, or somebody else has to take the step; the hint names what can be done.
    """
    step = TRANSITIONS[name]
    if status not in step.sources or taker not in step.takers:
        raise ConflictError(
            f"Only a danger zone that is {' or '.join(step.sources)} can be taken through '{name}'; "
            f"this one is {status}.",
            f"Possible now: {', '.join(possible_steps(status, taker)) or 'nothing'}.",
            reason="step_impossible",
        )
    return step


def possible_steps(status: str, taker: Taker = "staff") -> tuple[str, ...]:
    """Return the names of the steps that can be taken from a status."""
    return tuple(step.name for step in TRANSITIONS.values() if status in step.sources and taker in step.takers)


def steps_towards(status: str, target: str) -> tuple[str, ...]:
    """Return the steps that lead straight from a status to ``in_plan``, ``fix_under_way`` or ``fixed``.

    A zone that is there already, or further, needs none; one that was opened again goes on from there.

    Raises
    ------
    ConflictError
        If no straight way leads there: the zone was rejected, passed on, is a duplicate or is finished.
    """
    here = "open" if status == "reopened" else "fixed" if status in {"confirmed", "not_confirmed"} else status
    if here not in PATH_TO_FIXED:
        raise ConflictError(
            f"A danger zone that is {status} cannot become {target}.",
            f"Possible now: {', '.join(possible_steps(status)) or 'nothing'}.",
        )
    by_ends = {(source, step.target): step.name for step in TRANSITIONS.values() for source in step.sources}
    stretch = PATH_TO_FIXED[PATH_TO_FIXED.index(here) : PATH_TO_FIXED.index(target) + 1]
    return tuple(by_ends[ends] for ends in pairwise(stretch))
