"""Parameters of beat allocation, and beat plans as they are shown."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.events.schemas import EventSelection, Name
from app.features.parameters import MAX_IDENTIFIER

MAX_RESIDENTS = 100_000_000


class AllocationParameters(EventSelection):
    """Group areal units into contiguous beats within the band of residents, with even workload.

    The selection of events (layer, categories, period, source) says what counts as workload.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"min_residents": 3000, "max_residents": 7000, "plan_name": "Plan 2026"}]}
    )

    units_source: Name | None = Field(
        default=None, description="Source of the areal units; needed where several are stored."
    )
    workload: Literal["events", "residents"] = Field(
        default="events", description="Workload of a unit: the selected events in it, or its residents."
    )
    hard_boundary: str | None = Field(
        default=None,
        max_length=200,
        description="Attribute of the units whose values no beat may mix, e.g. a district.",
    )
    min_residents: int = Field(default=3000, ge=1, le=MAX_RESIDENTS, description="Fewest residents of a beat.")
    max_residents: int = Field(default=7000, ge=1, le=MAX_RESIDENTS, description="Most residents of a beat.")
    beats: int | None = Field(
        default=None, ge=1, description="Number of beats; any number within the band when absent."
    )
    current_plan_id: int | None = Field(
        default=None,
        ge=1,
        le=MAX_IDENTIFIER,
        description="Plan to stay close to: residents keep their beat and officer where possible.",
    )
    officers: bool = Field(default=True, description="Give each beat one permanent officer out of those stored.")
    plan_name: Name = Field(default="Beat plan", description="A new version of this plan.")
    effective_from: date | None = Field(default=None, description="Day from which the plan is meant to hold.")

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.max_residents < self.min_residents:
            raise ValueError(f"max_residents ({self.max_residents}) is below min_residents ({self.min_residents})")
        return self


class BeatPlanSummary(BaseModel):
    """A beat plan in the list of plans."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    version: int
    status: str
    min_residents: int
    max_residents: int
    effective_from: date | None
    run_id: int | None
    created_at: datetime
    beats: int = Field(description="Beats of the plan.")
    within_bounds: int = Field(description="Beats whose residents lie within the bounds.")
    vacancies: int = Field(description="Beats without an officer.")


class BeatPlanDetail(BeatPlanSummary):
    """A beat plan with its report."""

    report: dict[str, Any] = Field(description="Evenness, compactness, reasons and the summary of the run.")


class BeatPlanList(BaseModel):
    """The beat plans of a municipality, newest first."""

    beat_plans: list[BeatPlanSummary]
