"""Parameters of the ranking and the evaluation of fixes, and of concern against crime."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from analysis.evaluation.guards import SelectedOn
from app.analyses.parameters.area import AreaParameters, GridParameters, Needs
from app.analyses.parameters.hot_spots import CORRECTION, Correction
from app.analyses.parameters.lighting import Categories
from app.events.schemas import Length
from app.features.schemas import AreaGeometry
from app.fixes.lifecycle import FixStatus

Spread = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Identifier = Annotated[int, Field(ge=1, lt=2**63)]


class FixRankingParameters(GridParameters):
    """Which fixes to do first under a budget: crime expected and concern served, kept apart."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"budget": 100_000, "objective": "concern"}]})

    budget: float = Field(ge=0, le=1e15, allow_inf_nan=False, description="In the currency of the costs.")
    objective: Literal["crime", "concern"] = Field(
        default="crime", description="What to serve most of; the other is told beside it, never summed."
    )
    statuses: tuple[FixStatus, ...] = Field(
        default=("proposed", "planned"),
        min_length=1,
        max_length=5,
        description="Fixes with this status are candidates.",
    )
    bundles_whole: bool = Field(
        default=True, description="The fixes of a bundle are chosen together or not at all; else each by itself."
    )
    reach_m: Length | None = Field(
        default=None, description="How far every fix works, metres; that of its kind in the catalogue when absent."
    )
    runs: int = Field(default=30, ge=2, le=200, description="Choices with other budgets, costs and counts.")
    budget_spread: Spread = Field(default=0.2, description="How far budgets go up and down in these choices.")
    cost_spread: Spread = Field(default=0.2, description="How far costs go up and down in these choices.")
    time_limit_s: float = Field(
        default=30.0, gt=0, le=600, allow_inf_nan=False, description="Longest search for the best choice, seconds."
    )

    def needs(self) -> Needs:
        """Return what the ranking reads besides the places of events."""
        return Needs(clipped=True, may_lack_events=True, fixes=True, voices=True)


class FixEvaluationParameters(AreaParameters):
    """Whether a fix or a bundle worked: months before and after, against control areas and the buffer around."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"fix_id": 1, "buffer_m": 200, "selected_on": "other"}]})

    fix_id: Identifier | None = Field(default=None, description="The fix; or give bundle_id.")
    bundle_id: Identifier | None = Field(default=None, description="The bundle, judged as one.")
    began_on: date | None = Field(default=None, description="First day of the work; that of the fix when absent.")
    finished_on: date | None = Field(
        default=None, description="Day from which it was in place; the last day of the work when absent."
    )
    reach_m: Length | None = Field(
        default=None,
        description="The treated area reaches so far around the fix, metres; as the catalogue says if absent.",
    )
    buffer_m: Length = Field(default=200.0, description="Width of the ring that crime may have moved to, metres.")
    controls: int = Field(
        default=3, ge=0, le=20, description="Control areas to suggest, matched on their history; 0: uncontrolled."
    )
    control_candidates: Literal["copies", "streets", "areal-units", "beats"] = Field(
        default="copies",
        description="Where controls are looked for: copies of the treated area side by side, stretches of streets, "
        "areal units or beats, as far as they are of like size.",
    )
    like_size: float = Field(
        default=2.0, ge=1, le=100, allow_inf_nan=False, description="Candidates are so many times larger or smaller."
    )
    control_area: AreaGeometry | None = Field(
        default=None, description="Control area of your own, longitude and latitude, instead of suggested ones."
    )
    selected_on: SelectedOn = Field(
        default="unknown",
        description="What got the place picked: the counts before, counts of an earlier period, something else.",
    )
    expected_baseline: bool = Field(
        default=False, description="Replace the counts before by what such places have: the empirical Bayes baseline."
    )
    recording_changed: bool | None = Field(
        default=None, description="Whether recording changed; looked for in the records of the whole town when absent."
    )
    confidence: float = Field(default=0.95, gt=0.5, lt=1, description="Of intervals.")
    longest_hours: float | None = Field(
        default=24.0, gt=0, le=1e6, allow_inf_nan=False, description="Night and day leave out longer windows, hours."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.fix_id is None) == (self.bundle_id is None):
            raise ValueError("give fix_id or bundle_id, one of them")
        if self.began_on and self.finished_on and self.finished_on < self.began_on:
            raise ValueError("finished_on is before began_on")
        return self

    def needs(self) -> Needs:
        """Return what the evaluation reads besides the places of events."""
        sort = self.control_candidates if self.controls and self.control_area is None else "copies"
        return Needs(
            times=True, clipped=True, fixes=True, streets=sort == "streets", units=sort == "areal-units",
            beats=sort == "beats",
        )  # fmt: skip


class ConcernMismatchParameters(GridParameters):
    """Where recorded crime and what residents name part: four classes, and the log ratio of both densities."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"cell_m": 300, "permutations": 999}]})

    report_categories: Categories = Field(
        default=(), description="Codes of the concerns that count; all when empty. One code may stand alone."
    )
    neighbours: Literal["queen", "rook"] = Field(default="queen", description="Which cells lie around a cell.")
    permutations: int = Field(default=999, ge=99, le=9999, description="Random arrangements behind each p.")
    radius_m: Length | None = Field(
        default=None, description="Reach of the kernel of the log ratio, metres; three cells when absent."
    )
    labellings: int = Field(default=499, ge=99, le=9999, description="Random labellings of the log ratio.")
    correction: Correction = Field(default="bh", description=CORRECTION)

    @model_validator(mode="after")
    def _incidents(self) -> Self:
        if self.events != "incidents":
            raise ValueError("events: the mismatch compares incidents with reports")
        return self

    def needs(self) -> Needs:
        """Return what the comparison reads besides the places of events."""
        return Needs(clipped=True, voices=True, beats=True)
