"""What comes in and goes out about the life of beat plans."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.beats.schemas import MAX_RESIDENTS, UnitName
from app.events.schemas import Name
from app.features.schemas import InputModel, PlainText

Reason = Annotated[PlainText, StringConstraints(max_length=2000)]
PlanStatus = Literal["draft", "proposed", "approved", "published", "superseded"]
Acceptable = Literal["beat_count", "deviation", "connectivity"]
Operation = Literal["move", "lock", "unlock", "lock-beat", "unlock-beat", "fix", "undo", "redo"]
MOST_UNITS = 200_000


class StatusChange(InputModel):
    """Why a plan changes its status."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "Agreed with the commissariats."}]})

    reason: Reason


class Publication(StatusChange):
    """From when on a plan holds, and what is known to be wrong with it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "reason": "Council decision 14/2026.",
                    "effective_from": "2026-09-01",
                    "accept": ["deviation"],
                    "hand_over": "Files of open cases are in room 12.",
                }
            ]
        }
    )

    effective_from: date | None = Field(
        default=None, description="First day of the plan; that of the plan, or else today, when absent."
    )
    accept: Annotated[tuple[Acceptable, ...], Field(max_length=3)] = Field(
        default=(), description="Failed checks that are accepted; the reason should say why."
    )
    hand_over: Reason | None = Field(
        default=None, description="What the officers of the former plan hand over; kept with their assignments."
    )


class Assignment(InputModel):
    """Give a beat to another officer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "beat_id": "B01",
                    "officer_id": "1107",
                    "valid_from": "2026-09-01",
                    "reason": "Retirement of 1112.",
                    "hand_over": "Meets the school every Monday.",
                }
            ]
        }
    )

    beat_id: UnitName
    officer_id: UnitName | None = Field(description="Badge number; null leaves the beat vacant.")
    valid_from: date | None = Field(default=None, description="First day; today when absent.")
    reason: Reason
    hand_over: Reason | None = Field(default=None, description="What the officer who leaves hands over.")


class OfficerPublication(InputModel):
    """Whether everybody may read who an officer is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"published": True, "display_name": "Sergeant Ozola"}]})

    published: bool
    display_name: Annotated[PlainText, StringConstraints(max_length=200)] | None = None


class Edit(InputModel):
    """A change of a draft: some units, some beat, or the last change taken back."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"operation": "move", "unit_ids": ["U-118", "U-119"], "beat_id": "B03"}]}
    )

    operation: Operation
    unit_ids: Annotated[tuple[UnitName, ...], Field(max_length=MOST_UNITS)] = Field(
        default=(), description="Units of `move`, `lock` and `unlock`."
    )
    beat_id: UnitName | None = Field(
        default=None,
        description="Beat that units move to (a new name makes a new beat), that is fixed, locked or unlocked.",
    )
    seed: int = Field(default=0, ge=0, le=2**32 - 1, description="Seed of `fix`.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.operation in ("move", "lock", "unlock") and not self.unit_ids:
            raise ValueError(f"unit_ids: '{self.operation}' takes at least one unit")
        if self.operation in ("move", "fix", "lock-beat", "unlock-beat") and self.beat_id is None:
            raise ValueError(f"beat_id: '{self.operation}' takes a beat")
        return self


class BeatAnswer(BaseModel):
    """A beat after an edit."""

    beat_id: str
    units: int
    residents: int
    workload: float
    polsby_popper: float
    within_bounds: bool
    contiguous: bool
    reasons: list[dict[str, Any]] = Field(description="What is wrong with the beat, and what to do.")
    because: str = Field(description="What edits did to the beat, and whether that put it out of order.")


class EditOut(BaseModel):
    """What an edit did."""

    changes: dict[str, str | None] = Field(description="New beat by unit.")
    refused: list[dict[str, Any]] = Field(description="What was not done, and why.")
    beats: list[BeatAnswer] = Field(description="Every beat that was touched; one without units is gone.")
    figures: dict[str, Any] = Field(description="The whole plan.")
    reasons: list[dict[str, Any]] = Field(description="What is wrong with the plan, and which edits made it so.")
    undo_steps: int
    redo_steps: int


class EditTold(BaseModel):
    """An edit of a draft."""

    model_config = ConfigDict(from_attributes=True)

    operation: Operation
    units: int = Field(description="Units that were moved, locked or unlocked.")
    actor: str
    edited_at: datetime


class EditList(BaseModel):
    """The edits of a draft that are kept, the newest first."""

    edits: list[EditTold]


class Standing(BaseModel):
    """A plan as it stands."""

    beats: list[BeatAnswer]
    figures: dict[str, Any] = Field(description="The whole plan.")
    reasons: list[dict[str, Any]] = Field(description="What is wrong with the plan, and which edits made it so.")
    locked_units: list[str]


class PlanChangeOut(BaseModel):
    """A step in the life of a plan."""

    model_config = ConfigDict(from_attributes=True)

    action: str
    from_status: PlanStatus
    to_status: PlanStatus
    reason: str
    hand_over: str | None
    actor: str
    effective_from: date | None
    changed_at: datetime


class History(BaseModel):
    """The life of a plan, oldest step first."""

    changes: list[PlanChangeOut]


class AssignmentOut(BaseModel):
    """An officer who held or holds a beat."""

    model_config = ConfigDict(from_attributes=True)

    beat_id: str
    officer_id: str
    valid_from: date
    valid_to: date | None
    reason: str
    hand_over: str | None


class AssignmentList(BaseModel):
    """Who held the beats of a plan."""

    assignments: list[AssignmentOut]


class TenureOut(BaseModel):
    """How long officers stay with their beats."""

    beats: int
    held: int
    years_median: float
    years_mean: float
    under_one_year: float
    changes_per_beat_and_year: float
    vacant_share: float
    by_beat: list[dict[str, Any]]


class CheckOut(BaseModel):
    """One of the six integrity checks."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    passed: bool
    message: str
    unit_ids: list[str]
    beat_ids: list[str]


class CheckList(BaseModel):
    """The six integrity checks of a plan."""

    passed: bool
    checks: list[CheckOut]


class Comparison(BaseModel):
    """What changes from one plan to another; new names alone move nobody."""

    before: int = Field(description="Earlier plan.")
    after: int = Field(description="Later plan.")
    moved_units: int
    moved_residents: int
    kept_officer_residents: int | None
    changed_officers: int = Field(description="Officers of whom at most half of the residents stay.")
    workload_cv_before: float
    workload_cv_after: float
    ended: list[str] = Field(description="Beats of the earlier plan that none continues.")
    beats: list[dict[str, Any]]
    officers: list[dict[str, Any]]
    moved_unit_ids: list[str]


class ImportOptions(BaseModel):
    """What a plan in a file is called and measured by."""

    name: Name
    units_source: Name | None = None
    hard_boundary: Name | None = None
    min_residents: int = Field(default=3000, ge=1, le=MAX_RESIDENTS)
    max_residents: int = Field(default=7000, ge=1, le=MAX_RESIDENTS)
    dry_run: bool = Field(default=False, description="Only show what would be stored.")

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.max_residents < self.min_residents:
            raise ValueError(f"max_residents ({self.max_residents}) is below min_residents ({self.min_residents})")
        return self


class RowErrorOut(BaseModel):
    """What is wrong with a row of a table, or a feature of a layer."""

    row: int
    code: str
    message: str
    hint: str


class ImportAnswer(BaseModel):
    """What a file makes, or would make."""

    stored: bool
    beat_plan_id: int | None
    beats: int
    units: int
    errors: list[RowErrorOut] = Field(description="The first 1,000 rows that cannot be used.")
    error_count: int
    missing_units: list[str] = Field(description="The first 1,000 units without a beat.")
    missing_count: int
    checks: list[CheckOut]


class PublicOfficer(BaseModel):
    """An officer as everybody may know them."""

    name: str | None
    contact: str | None


class MyOfficer(BaseModel):
    """The beat at a place and its permanent officer."""

    beat_id: str
    plan: str
    officer: PublicOfficer | None = Field(description="Null where the beat is vacant or its officer is not published.")
    message: str
