"""The life of a danger zone as files tell it: a JSON list of steps, as Kvart's own exports have it."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, RootModel, StringConstraints, field_validator

from app.danger_zones.models import ZoneStatus
from app.features.schemas import InputModel, Instant, PlainText
from app.languages.phrases import has_phrase

MOST_STEPS = 1000
Words = Annotated[PlainText, StringConstraints(max_length=500)]


class EarlierStep(InputModel):
    """A step that was taken before the file was written."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    changed_at: Instant
    action: str
    from_status: ZoneStatus | None = None
    to_status: ZoneStatus
    why: Words | None = None
    next_step: Words | None = None
    passed_on_to: Annotated[PlainText, StringConstraints(max_length=200)] | None = None
    other_zone: str | None = Field(default=None, description="Identifier of the other zone of a merge or split.")

    @field_validator("action")
    @classmethod
    def _is_known(cls, action: str) -> str:
        if not has_phrase(f"step.{action}"):
            raise ValueError(f"there is no step '{action}'")
        return action


class EarlierSteps(RootModel[tuple[EarlierStep, ...]]):
    """All of them, oldest first."""

    root: Annotated[tuple[EarlierStep, ...], Field(max_length=MOST_STEPS)]


def checked_steps(text: str) -> str:
    """Return the JSON text of a history as it is kept.

    Raises
    ------
    ValidationError
        If it is no list of steps.
    """
    return EarlierSteps.model_validate_json(text, strict=False).model_dump_json()
