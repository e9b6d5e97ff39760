"""Municipalities as the API takes them in."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from app.features.schemas import AreaGeometry, InputModel, PlainText


class MunicipalityProperties(InputModel):
    """What is told of a municipality besides its boundary."""

    code: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", examples=["talsi"])] = Field(
        description="Name of the municipality in addresses: lower-case letters, digits and hyphens."
    )
    name: Annotated[PlainText, Field(max_length=200, examples=["Talsi"])]
    time_zone: Annotated[PlainText, Field(max_length=64, examples=["Europe/Riga"])] = Field(
        description="IANA time zone of its local times."
    )
    working_crs: Annotated[str, Field(pattern=r"^EPSG:[0-9]{4,6}$", examples=["EPSG:3059"])] | None = Field(
        default=None, description="Projected CRS in metres; by default the UTM zone of the boundary's centre."
    )


class MunicipalityFeature(InputModel):
    """A municipality as a GeoJSON feature whose geometry is its boundary."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "Feature",
                    "geometry": {
                        "type": "Polygon",
                        "coordinates": [[[22.5, 57.2], [22.7, 57.2], [22.7, 57.3], [22.5, 57.3], [22.5, 57.2]]],
                    },
                    "properties": {"code": "talsi", "name": "Talsi", "time_zone": "Europe/Riga"},
                }
            ]
        }
    )

    type: Literal["Feature"]
    geometry: AreaGeometry
    properties: MunicipalityProperties
