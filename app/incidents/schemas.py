"""Incidents and categories as the API takes them in and gives them out."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.features.schemas import MAX_FEATURES, InputModel, Instant, PlainText, PointGeometry
from app.incidents.models import MOST_WEIGHT, CategoryKind, TimePrecision

CategoryCode = Annotated[PlainText, Field(max_length=100, examples=["burglary"])]


class IncidentProperties(InputModel):
    """What is known of an incident besides its place."""

    category: CategoryCode = Field(
        description="Code or label of the category; one that is new is added to the catalogue."
    )
    occurred_from: Instant | None = Field(default=None, examples=["2026-03-01T21:15:00+02:00"])
    occurred_to: Instant | None = Field(default=None, description="End of the time window, if the moment is unknown.")
    time_precision: TimePrecision | None = Field(
        default=None, description="By default `minute`, and `unknown` without `occurred_from`."
    )
    recorded_area: Annotated[PlainText, Field(max_length=200)] | None = None
    weight: Annotated[float, Field(gt=0, le=MOST_WEIGHT, allow_inf_nan=False)] | None = Field(
        default=None,
        description="What it counts for in densities that ask for it (`event_weights`), for example the number of "
        "victims or a harm index; it counts for 1 when absent.",
        examples=[2.5],
    )

    @model_validator(mode="after")
    def _window_in_order(self) -> Self:
        if self.occurred_to is not None and (self.occurred_from is None or self.occurred_to < self.occurred_from):
            raise ValueError("occurred_to needs an occurred_from that is not later")
        return self

    def precision(self) -> str:
        """Return the given precision or what the times lead one to expect."""
        return self.time_precision or ("unknown" if self.occurred_from is None else "minute")


class IncidentFeature(InputModel):
    """An incident as a GeoJSON feature."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "Feature",
                    "geometry": {"type": "Point", "coordinates": [22.5712, 57.2441]},
                    "properties": {"category": "burglary", "occurred_from": "2026-03-01T21:15:00+02:00"},
                }
            ]
        }
    )

    type: Literal["Feature"]
    geometry: PointGeometry
    properties: IncidentProperties


class IncidentFeatureCollection(InputModel):
    """Several incidents, which are stored all or not at all."""

    type: Literal["FeatureCollection"]
    features: Annotated[list[IncidentFeature], Field(min_length=1, max_length=MAX_FEATURES)]


IncidentInput = Annotated[IncidentFeature | IncidentFeatureCollection, Field(discriminator="type")]


class CategoryOut(BaseModel):
    """A category of incidents or of concerns."""

    model_config = ConfigDict(from_attributes=True)

    kind: CategoryKind = Field(description="Whether incidents or reports and danger zones use it.")
    code: str = Field(examples=["street-lighting"])
    label: str = Field(examples=["Street lighting"])
    sensitive: bool = Field(description="Coarsened or dropped in every public layer.")


class CategoryList(BaseModel):
    """The categories of a municipality."""

    categories: list[CategoryOut]
