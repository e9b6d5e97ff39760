"""Danger zones as the API takes them in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

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
