"""The steps in the life of a fix: one table of what leads from where to where, and what the public reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from app.errors import ConflictError

FixStatus = Literal["proposed", "planned", "under_way", "done", "dropped"]
FIX_STATUSES: tuple[str, ...] = get_args(FixStatus)
StepName = Literal["plan", "postpone", "begin", "finish", "redo", "drop", "take-up"]


@dataclass(frozen=True)
class Step:
    """A step from one status to another.

    Attributes
    ----------
    name : str
    sources : tuple of str
        Statuses that it leads from.
    target : str
    sentence : str
        What the public reads before the reason.
    """

    name: StepName
    sources: tuple[FixStatus, ...]
    target: FixStatus
    sentence: str


STEPS: dict[str, Step] = {
    step.name: step
    for step in (
        Step("plan", ("proposed",), "planned", "It will be done."),
        Step("postpone", ("planned", "under_way"), "proposed", "It waits for a new decision."),
        Step("begin", ("planned", "proposed"), "under_way", "The work has begun."),
        Step("finish", ("under_way", "planned"), "done", "It is done."),
        Step("redo", ("done",), "under_way", "It was not good enough and is done anew."),
        Step("drop", ("proposed", "planned", "under_way"), "dropped", "It will not be done."),
        Step("take-up", ("dropped",), "proposed", "It is looked at again."),
    )
}


IMPORTED = "import"
"""What the history calls the status that a file brought."""


def sentence_of(step: str, to_status: str, reason: str | None) -> str:
    """Return what the public reads of a step."""
    if step == IMPORTED:
        told = f"It was taken over from another list as: {to_status.replace('_', ' ')}."
    else:
        told = STEPS[step].sentence
    return told if reason is None else f"{told} {reason}"


def require_step(name: str, status: str) -> Step:
    """Return a step that can be taken from a status.

    Raises
    ------
    ConflictError
        The fix has another status; the hint names the steps that can be taken.
    """
    step = STEPS[name]
    if status not in step.sources:
        possible = [other.name for other in STEPS.values() if status in other.sources]
        raise ConflictError(
            f"'{name}' leads from {' or '.join(step.sources)}; this fix is {status}.",
            f"Possible now: {', '.join(possible)}.",
        )
    return step
