"""GeoJSON (RFC 7946) as it is taken in."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    GetCoreSchemaHandler,
    StringConstraints,
)
from pydantic_core import CoreSchema

from app.features.strictness import tell_apart

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
MAX_FEATURES = 1000
"""The most features of one request; more go through an import."""


def require_printable(text: str) -> str:
    """Return the text if it holds no control characters but line breaks and tabs; the database cannot store NUL."""
    for character in text:
        if unicodedata.category(character) == "Cc" and character not in "\n\r\t":
            raise ValueError(f"contains the control character U+{ord(character):04X}")
    return text


def _require_plausible_time(time: datetime) -> datetime:
    if not EARLIEST <= time < LATEST:
        raise ValueError(f"must lie between the years {EARLIEST.year} and {LATEST.year}")
    return time


PlainText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(require_printable)]
"""A text without control characters and not blank."""

Instant = Annotated[AwareDatetime, AfterValidator(_require_plausible_time)]
"""A time with its offset, in the years that police records speak of."""

Position = Annotated[list[FiniteFloat], Field(min_length=2, max_length=2, examples=[[22.57, 57.24]])]
"""Longitude and latitude in degrees; an elevation is refused because it could not be kept."""

Ring = Annotated[list[Position], Field(min_length=4)]


class InputModel(BaseModel):
    """Base of what is taken in: a member that nobody knows is refused, never dropped, and nothing is guessed.

    Notes
    -----
    What comes as text, such as the fields of a form, is validated with ``strict=False``.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler, /) -> CoreSchema:
        """Return the schema, in which a text is no number."""
        schema = handler(source)
        tell_apart(handler.resolve_ref_schema(schema))
        return schema


class PointGeometry(InputModel):
    """A point."""

    type: Literal["Point"]
    coordinates: Position


class LineStringGeometry(InputModel):
    """A line."""

    type: Literal["LineString"]
    coordinates: Annotated[list[Position], Field(min_length=2)]


class PolygonGeometry(InputModel):
    """A polygon: its outer ring, then its holes."""

    type: Literal["Polygon"]
    coordinates: Annotated[list[Ring], Field(min_length=1)]


class MultiPolygonGeometry(InputModel):
    """Several polygons."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Annotated[list[Ring], Field(min_length=1)]], Field(min_length=1)]


PlaceGeometry = Annotated[PointGeometry | LineStringGeometry | PolygonGeometry, Field(discriminator="type")]
AreaGeometry = Annotated[PolygonGeometry | MultiPolygonGeometry, Field(discriminator="type")]
AnyGeometry = PointGeometry | LineStringGeometry | PolygonGeometry | MultiPolygonGeometry
