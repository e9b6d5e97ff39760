"""Parameters of analyses in time: change, history, emerging hot spots, near repeats, profile and trend."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from app.analyses.parameters.area import AreaParameters, GridParameters, Needs
from app.analyses.parameters.hot_spots import CORRECTION, Correction
from app.features.schemas import InputModel

LONGEST_STEP_DAYS = 3660
Confidence = Literal[90, 95, 99]


class Period(InputModel):
    """Days from the first to the last, both included, in the municipality's time zone."""

    model_config = ConfigDict(frozen=True)

    first: date = Field(description="First day.")
    last: date = Field(description="Last day, included.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"the period ends ({self.last}) before it begins ({self.first})")
        return self

    @property
    def days(self) -> int:
        """Length, days."""
        return (self.last - self.first).days + 1

    @property
    def told(self) -> str:
        """The period as people read it."""
        return f"{self.first} to {self.last}"


class ChangeParameters(GridParameters):
    """Change of the rate between two periods, cell by cell, with an exact test and an interval."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cell_m": 500,
                    "before": {"first": "2024-01-01", "last": "2024-12-31"},
                    "after": {"first": "2025-01-01", "last": "2025-12-31"},
                }
            ]
        }
    )

    before: Period = Field(description="The earlier period.")
    after: Period = Field(description="The later period.")
    correction: Correction = Field(default="bh", description=CORRECTION)
    against: Literal["no-change", "whole-map"] = Field(
        default="no-change", description="Whether a cell has changed, or otherwise than the map as a whole."
    )
    mid_p: bool = Field(default=False, description="Count the observed outcome half: less conservative on few events.")

    def needs(self) -> Needs:
        """Return what the change reads besides the places of its events."""
        return Needs(times=True)

    @model_validator(mode="after")
    def _periods_apart(self) -> Self:
        _refuse_selected_period(self)
        if self.after.first <= self.before.last:
            raise ValueError("the period before has to end before the period after begins")
        return self


class HotSpotHistoryParameters(GridParameters):
    """Persistent, intermittent, emerging and former hot spots over periods."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cell_m": 500, "split": "quarter"}]})

    split: Literal["year", "quarter", "month"] = Field(
        default="year", description="Cut what is covered into whole calendar years, quarters or months; see periods."
    )
    periods: tuple[Period, ...] = Field(
        default=(), max_length=60, description="The periods themselves, oldest first, instead of `split`."
    )
    correction: Correction = Field(default="bh", description=CORRECTION)
    least_confidence: Confidence = Field(default=90, description="From which a cell is hot in a period, percent.")
    side: Literal["hot", "cold"] = Field(default="hot", description="Hot or cold spots.")

    def needs(self) -> Needs:
        """Return what the history reads besides the places of its events."""
        return Needs(times=True)

    @model_validator(mode="after")
    def _periods_in_order(self) -> Self:
        if self.periods:
            _refuse_selected_period(self)
            if len(self.periods) < 2:
                raise ValueError("a history takes two or more periods")
        if any(later.first <= earlier.last for earlier, later in zip(self.periods, self.periods[1:], strict=False)):
            raise ValueError("periods have to follow each other without overlap, oldest first")
        return self


class EmergingHotSpotParameters(GridParameters):
    """How hot and cold spots develop over the time steps of a space-time cube, in 17 categories."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cell_m": 500, "step": "month"}]})

    step: Literal["month"] | Annotated[int, Field(ge=1, le=LONGEST_STEP_DAYS)] = Field(
        default="month", description="Length of a time step: days, or `month` for calendar months."
    )
    correction: Correction = Field(default="bh", description=CORRECTION)
    confidence: Confidence = Field(default=90, description="From which a bin is hot or cold, percent.")

    def needs(self) -> Needs:
        """Return what the cube reads besides the places of its events."""
        return Needs(times=True)


class NearRepeatParameters(GridParameters):
    """Knox test: crimes closer in space and time than chance, and the cells at raised risk after the last of them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"distance_edges_m": [0, 0.1, 100, 200, 400], "time_edges_days": [0, 7, 14, 28], "cell_m": 100}
            ]
        }
    )

    distance_edges_m: tuple[Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)], ...] = Field(
        default=(0.0, 0.1, 100.0, 200.0, 400.0, 800.0),
        min_length=2,
        max_length=30,
        description="Bands of distance, metres, ascending; the first usually ends just above 0: the same place.",
    )
    time_edges_days: tuple[Annotated[int, Field(ge=0, le=LONGEST_STEP_DAYS)], ...] = Field(
        default=(0, 1, 4, 8, 15, 29),
        min_length=2,
        max_length=60,
        description="Bands of time, days, ascending.",
    )
    metric: Literal["manhattan", "euclidean"] = Field(default="manhattan", description="Like streets, or straight.")
    permutations: int = Field(default=999, ge=1, le=9_999, description="Shuffles of the times.")
    as_of: date | None = Field(
        default=None, description="Day whose places at raised risk are asked for; the day after the last event."
    )

    def needs(self) -> Needs:
        """Return what the test reads besides the places of its events."""
        return Needs(times=True, clipped=True)

    @model_validator(mode="after")
    def _edges_ascend(self) -> Self:
        edges: dict[str, tuple[float, ...]] = {
            "distance_edges_m": self.distance_edges_m,
            "time_edges_days": self.time_edges_days,
        }
        for name, values in edges.items():
            if list(values) != sorted(set(values)):
                raise ValueError(f"{name} must ascend")
        return self


class TemporalProfileParameters(AreaParameters):
    """Events by hour and weekday, windows spread (aoristic), and by month with the trend per year."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"categories": ["burglary"], "longest_hours": 24}]})

    longest_hours: float | None = Field(
        default=24.0,
        gt=0,
        le=8784,
        allow_inf_nan=False,
        description="Windows longer than this say nothing of the hour and are left out, hours; null: no limit.",
    )
    seasonal: bool | None = Field(
        default=None, description="Whether the trend has a yearly wave; with 24 whole months or more when absent."
    )
    confidence: float = Field(default=0.95, gt=0.5, lt=1, allow_inf_nan=False, description="Of the intervals.")

    def needs(self) -> Needs:
        """Return what the profile reads besides the places of its events."""
        return Needs(times=True, clipped=True)


def _refuse_selected_period(parameters: AreaParameters) -> None:
    if parameters.period_from or parameters.period_to:
        raise ValueError("period_from and period_to do not go with periods of the analysis itself")
