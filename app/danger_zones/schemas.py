"""Danger zones as the API takes them in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.danger_zones.models import DayPart, ReportedBy
from app.features.schemas import InputModel, PlaceGeometry, PlainText


class DangerZoneProperties(InputModel):
    """What is told of a danger zone besides its place."""

    category: Annotated[PlainText, Field(max_length=100)] = Field(
        description="Code or label of a concern that GET categories?kind=concern lists.", examples=["street-lighting"]
    )
    reported_by: ReportedBy = Field(description="Who names it.")
    channel: Annotated[PlainText, Field(max_length=100)] | None = Field(
        default=None, description="By which way, for example `web`, `phone`, `interview`."
    )
    day_part: DayPart = Field(default="any", description="When it is dangerous.")
    description: Annotated[PlainText, Field(max_length=2000)] | None = Field(
        default=None, description="In the reporter's words, without names of persons."
    )
    contact: Annotated[PlainText, Field(max_length=200)] | None = Field(
        default=None,
        description="How the reporter wants to be told, if at all; never shown with the danger zone, kept with the "
        "secret link and erased with it.",
    )


class DangerZoneFeature(InputModel):
    """A danger zone as a GeoJSON feature: a point, a line or a polygon."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "Feature",
                    "geometry": {"type": "LineString", "coordinates": [[22.5712, 57.2441], [22.5741, 57.2449]]},
                    "properties": {
                        "category": "street-lighting",
                        "reported_by": "citizen",
                        "channel": "web",
                        "day_part": "night",
                        "description": "No lamp works between the school and the bus stop.",
                    },
                }
            ]
        }
    )

    type: Literal["Feature"]
    geometry: PlaceGeometry
    properties: DangerZoneProperties


class ReportStatusOut(BaseModel):
    """What became of a report."""

    status: str
    sentence: str = Field(description="The same in a sentence.")
    expires_at: datetime = Field(description="When the link ends and the contact is erased.")


class ReportDataOut(BaseModel):
    """Everything that is held about a report."""

    municipality: dict[str, str]
    report: dict[str, Any] = Field(description="The danger zone as GeoJSON, with its exact place.")
    contact: str | None
    link: dict[str, str] = Field(description="When the link was made and when it ends.")


class ErasureOut(BaseModel):
    """What became of the danger zone of an erased report."""

    outcome: Literal["removed", "anonymised"]
