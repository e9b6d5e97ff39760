"""Parameters of beat allocation, and beat plans as they are shown."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.events.schemas import EventSelection, Name
from app.features.parameters import MAX_IDENTIFIER
from app.features.schemas import InputModel, LineStringGeometry, PlainText

MAX_RESIDENTS = 100_000_000
PLAN_KINDS = frozenset({"beat-allocation", "beat-redraw", "officer-assignment"})
"""Kinds of runs whose result is one plan."""
PLAN_MAKERS = PLAN_KINDS | {"trade-off"}
"""Kinds of runs whose result is one plan or several."""
MOST_CONDITIONS = 10_000

EVENT_KINDS = frozenset({"events", "travel"})
"""Kinds of work that events make."""
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
UnitName = Annotated[PlainText, StringConstraints(max_length=200)]
UnitPair = tuple[UnitName, UnitName]
Pairs = Annotated[tuple[UnitPair, ...], Field(max_length=MOST_CONDITIONS)]


class ConditionParameters(InputModel):
    """What every plan keeps, whatever it costs."""

    bridges: Pairs = Field(default=(), description="Pairs of units that count as neighbours without a common border.")
    forbidden_borders: Pairs = Field(default=(), description="Pairs of units whose border no beat may cross.")
    barriers: Annotated[tuple[LineStringGeometry, ...], Field(max_length=1000)] = Field(
        default=(), description="Rivers, motorways, railways: lines in degrees that no beat may cross."
    )
    locked_units: Annotated[dict[UnitName, UnitName], Field(max_length=MOST_CONDITIONS)] = Field(
        default_factory=dict, description="Units that must be in a beat: beat by unit."
    )
    locked_beats: Annotated[tuple[UnitName, ...], Field(max_length=MOST_CONDITIONS)] = Field(
        default=(), description="Beats of the current plan that stay as they are."
    )


class OfficerParameters(InputModel):
    """What every assignment of officers keeps, and what it weighs."""

    forbidden: Pairs = Field(default=(), description="Pairs of officer and beat that must not be.")
    fixed: Pairs = Field(default=(), description="Pairs of officer and beat that stay.")
    max_travel_km: float | None = Field(
        default=None, gt=0, le=1000, description="Longest straight line from the home station to the beat."
    )
    several: bool = Field(default=False, description="Several officers for a beat of one unit above the maximum.")
    languages: Annotated[dict[UnitName, UnitName], Field(max_length=50)] = Field(
        default_factory=dict, description="Attribute of the units with the residents who speak a language, by language."
    )
    as_of: date | None = Field(
        default=None, description="Day up to which years with the beat count; without it they do not."
    )


class WorkloadTerm(EventSelection):
    """One kind of work with its weight; the selection of events says which incidents or reports count."""

    kind: Literal["events", "travel", "residents", "area", "attribute"] = Field(
        default="events",
        description="Events in the unit, the kilometres from the nearest station to them, its residents, its area, or "
        "an attribute of it.",
    )
    hours: tuple[Annotated[int, Field(ge=0, le=23)], Annotated[int, Field(ge=1, le=24)]] | None = Field(
        default=None,
        description="Only the part of each event that falls into these hours of the local day; [22, 6] goes past "
        "midnight.",
    )
    weekdays: Annotated[tuple[Weekday, ...], Field(max_length=7)] = Field(
        default=(), description="Only the part of each event that falls on these days; all when empty."
    )
    weight: float = Field(
        default=1.0, gt=0, le=1000, allow_inf_nan=False, description="Share of all work, against the other weights."
    )
    attribute: Name | None = Field(default=None, description="Attribute of the units with the amount of work.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.kind == "attribute") != (self.attribute is not None):
            raise ValueError("attribute: give it for the kind 'attribute', and for no other")
        chosen = self.categories or self.period_from or self.period_to or self.source or self.hours or self.weekdays
        if self.kind not in EVENT_KINDS and chosen:
            raise ValueError(f"a selection of events goes with the kinds 'events' and 'travel', not with '{self.kind}'")
        if self.hours is not None and self.hours[0] == self.hours[1]:
            raise ValueError(f"hours: from {self.hours[0]} to {self.hours[1]} there is no hour")
        return self


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
    workload_terms: Annotated[tuple[WorkloadTerm, ...], Field(max_length=20)] = Field(
        default=(),
        description="Several kinds of work; each makes up the share of all work that its weight says. Instead of "
        "`workload`.",
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
    snap_m: float | None = Field(
        default=None,
        ge=0,
        le=1000,
        description="Widest gap between units that still is a common border, metres; found out when absent.",
    )
    min_shared_m: float | None = Field(
        default=None,
        ge=0,
        le=10_000,
        description="Shortest common border of two neighbours, metres; found out when absent.",
    )
    current_plan_id: int | None = Field(
        default=None,
        ge=1,
        le=MAX_IDENTIFIER,
        description="Plan to stay close to: residents keep their beat and officer where possible.",
    )
    evenness: float = Field(default=0.5, ge=0, le=1, description="From 0 (compact shapes) to 1 (even workload).")
    min_max: bool = Field(default=False, description="Make the busiest beat as light as possible before shapes count.")
    time_budget_s: float | None = Field(
        default=None, gt=0, le=3600, description="Seconds for the search; the best plan so far is kept."
    )
    conditions: ConditionParameters = Field(default_factory=ConditionParameters)
    officer_conditions: OfficerParameters = Field(default_factory=OfficerParameters)
    officers: bool = Field(default=True, description="Give each beat one permanent officer out of those stored.")
    plan_name: Name = Field(default="Beat plan", description="A new version of this plan.")
    effective_from: date | None = Field(default=None, description="Day from which the plan is meant to hold.")

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.max_residents < self.min_residents:
            raise ValueError(f"max_residents ({self.max_residents}) is below min_residents ({self.min_residents})")
        return self


class RedrawParameters(AllocationParameters):
    """Draw a plan anew from the current one: as little as possible, or all of it at a price of continuity."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"current_plan_id": 3, "method": "least-change"}]})

    current_plan_id: int = Field(ge=1, le=MAX_IDENTIFIER, description="Plan to begin from.")
    method: Literal["least-change", "full"] = Field(
        default="least-change", description="Only beats out of bounds and those around them, or all beats."
    )
    continuity: float = Field(
        default=2e-4, ge=0, le=1, description="Price of a resident who changes beat, against uneven workload."
    )


class AssignmentParameters(InputModel):
    """Give the beats of a draft their officers anew."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"plan_id": 3, "conditions": {"fixed": [["1107", "B01"]]}}]}
    )

    plan_id: int = Field(ge=1, le=MAX_IDENTIFIER, description="Draft whose officers are chosen.")
    current_plan_id: int | None = Field(
        default=None, ge=1, le=MAX_IDENTIFIER, description="Plan that residents know their officer from."
    )
    conditions: OfficerParameters = Field(default_factory=OfficerParameters)


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
    effective_to: date | None = Field(description="First day on which the next plan holds.")
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
