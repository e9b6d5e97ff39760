"""Fixes as the API takes them in and shows them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.features.parameters import MAX_IDENTIFIER
from app.features.schemas import InputModel, PlaceGeometry, PlainText
from app.fixes.lifecycle import FixStatus, StepName

Identifier = Annotated[int, Field(ge=1, le=MAX_IDENTIFIER)]
Money = Annotated[float, Field(ge=0, lt=1e12, allow_inf_nan=False)]
Words = Annotated[PlainText, Field(max_length=200)]
Stage = Literal["before", "after"]
MOST_LINKS = 100


class HotSpotLink(InputModel):
    """A cell of the result of a run."""

    run_id: Identifier
    cell: Annotated[int, Field(ge=0, lt=2**31)]


class FixEdit(InputModel):
    """What is changed of a fix; what is left out stays. Its status changes by steps."""

    title: Words | None = None
    owner: Words | None = Field(default=None, description="Who does it.", examples=["City lighting"])
    co_owners: Annotated[list[Words], Field(max_length=20)] | None = Field(default=None, description="Who helps.")
    cost: Money | None = Field(default=None, description="In the municipality's currency.")
    budget: Money | None = Field(default=None, description="What has been set aside for it.")
    due_on: date | None = Field(default=None, description="By when it is promised.")
    started_on: date | None = None
    ended_on: date | None = Field(default=None, description="Last day of the work.")
    bundle_id: Identifier | None = Field(default=None, description="Bundle that it is done and judged with.")
    danger_zones: Annotated[list[Identifier], Field(max_length=MOST_LINKS)] | None = Field(
        default=None, description="Danger zones that it answers: all of them."
    )
    hot_spots: Annotated[list[HotSpotLink], Field(max_length=MOST_LINKS)] | None = Field(
        default=None, description="Hot-spot cells that it answers: all of them."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.started_on and self.ended_on and self.ended_on < self.started_on:
            raise ValueError(f"ended_on ({self.ended_on}) is before started_on ({self.started_on})")
        return self


class FixProperties(FixEdit):
    """What is told of a new fix besides its place."""

    title: Words
    kind: Words = Field(description="Entry of the catalogue.", examples=["lighting"])
    status: FixStatus = Field(default="proposed", description="How far it is already.")


class FixFeature(InputModel):
    """A fix as a GeoJSON feature: a point, a line or a polygon."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "Feature",
                    "geometry": {"type": "LineString", "coordinates": [[22.5712, 57.2441], [22.5741, 57.2449]]},
                    "properties": {"kind": "lighting", "title": "Six lamps to the bus stop", "cost": 14000},
                }
            ]
        }
    )

    type: Literal["Feature"]
    geometry: PlaceGeometry
    properties: FixProperties


class FixStep(InputModel):
    """A step in the life of a fix, and why: the public reads it."""

    step: StepName
    reason: Annotated[PlainText, Field(min_length=3, max_length=500)] = Field(examples=["The lamps have come."])
    on: date | None = Field(default=None, description="Day of the step; today when absent.")


class FixChangeOut(BaseModel):
    """A step that was taken."""

    step: str
    from_status: str | None = Field(description="Null where an import brought the fix.")
    to_status: str
    happened_on: date
    sentence: str = Field(description="What the public reads.")
    changed_at: datetime


class FixLife(BaseModel):
    """Where a fix stands and how it came there."""

    id: int
    status: FixStatus
    possible: list[str] = Field(description="Steps that can be taken.")
    changes: list[FixChangeOut]


class FixLinks(BaseModel):
    """What a fix answers."""

    danger_zones: list[int]
    hot_spots: list[HotSpotLink]


class BundleIn(InputModel):
    """Fixes that are done and judged together."""

    title: Words = Field(examples=["Tunnel Lane: light, paint, surroundings"])
    description: Annotated[PlainText, Field(max_length=2000)] | None = None


class BundleOut(BaseModel):
    """A bundle with its fixes."""

    id: int
    title: str
    description: str | None
    fixes: list[int]
    cost: float = Field(description="Sum of the costs that are known.")
    budget: float = Field(description="Sum of the budgets that are known.")


class BundleList(BaseModel):
    """The bundles of a municipality."""

    bundles: list[BundleOut]


class FixKindOut(BaseModel):
    """An entry of the catalogue of fixes (CPTED)."""

    code: str
    name: str
    principle: str
    shapes: list[str]
    owner: str = Field(description="Who usually does it.")
    reach_m: float = Field(description="How far it works; a rule of thumb.")
    benefit: list[float] | None = Field(
        description="Share of the crimes prevented: low, middle, high; null: not known."
    )
    evidence: str


class FixCatalogue(BaseModel):
    """Everything that can be done about a place."""

    kinds: list[FixKindOut]


class FixPhoto(BaseModel):
    """A photo of a fix."""

    id: int
    stage: Stage


class FixPhotos(BaseModel):
    """The photos of a fix, oldest first."""

    photos: list[FixPhoto]
