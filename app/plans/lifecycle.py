"""The steps in the life of a beat plan: one table of what leads from where to where, and by which right."""

from __future__ import annotations

from dataclasses import dataclass

from app.errors import ConflictError


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
    right : str
        Action on ``beat-plans`` in the table of rights.
    description : str
        What it does, for the API document and the help of the command.
    """

    name: str
    sources: tuple[str, ...]
    target: str
    right: str
    description: str


TRANSITIONS = {
    step.name: step
    for step in (
        Transition(
            "propose", ("draft",), "proposed", "propose", "Hand a draft to command; it can no longer be edited."
        ),
        Transition("withdraw", ("proposed",), "draft", "propose", "Take a proposal back, to edit it further."),
        Transition("approve", ("proposed",), "approved", "approve", "Approve a proposal."),
        Transition(
            "reject", ("proposed", "approved"), "draft", "approve", "Send a plan back as a draft, with the reason."
        ),
        Transition(
            "publish",
            ("approved",),
            "published",
            "publish",
            "Put an approved plan in force on a day; from then on nobody can change it. The plan in force before is "
            "superseded on that day.",
        ),
    )
}
"""Superseding is no step of its own: the plan that is published next does it."""


def require_transition(name: str, status: str) -> Transition:
    """Return a step that can be taken from a status.

    Raises
    ------
    ConflictError
        The plan has another status; the hint names the steps that can be taken.
    """
    step = TRANSITIONS[name]
    if status not in step.sources:
        possible = [other.name for other in TRANSITIONS.values() if status in other.sources]
        raise ConflictError(
            f"Only a plan that is {' or '.join(step.sources)} can be taken through '{name}'; this one is {status}.",
            f"Possible now: {', '.join(possible) or 'nothing; draw or import a new version'}.",
        )
    return step
