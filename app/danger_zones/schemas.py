"""Danger zones as the API takes them in."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from app.danger_zones.models import DayPart, ReportedBy, Season, Weekday
from app.features.parameters import MAX_IDENTIFIER
from app.features.schemas import InputModel, PlaceGeometry, PlainText

SCRIPT = re.compile(r"<\s*/?\s*(?:script|iframe|object|embed)\b|\bjavascript\s*:|<[^>]*\son[a-z]+\s*=", re.IGNORECASE)
"""What a browser would run; every other text is kept, and shown as it was written."""


def require_no_script(text: str) -> str:
    """Return the text if it holds nothing that a browser would run."""
    if SCRIPT.search(text):
        raise PydanticCustomError("script", "holds program code")
    return text


Words = Annotated[PlainText, AfterValidator(require_no_script)]
"""What people write about a danger zone."""


class DangerZoneProperties(InputModel):
    """What is told of a danger zone besides its place."""

    category: Annotated[PlainText, Field(max_length=100)] = Field(
        description="Code or label of a concern that GET categories?kind=concern lists.", examples=["street-lighting"]
    )
    reported_by: ReportedBy = Field(description="Who names it.")
    channel: Annotated[Words, Field(max_length=100)] | None = Field(
        default=None, description="By which way, for example `web`, `phone`, `interview`."
    )
    day_part: DayPart = Field(default="any", description="When it is dangerous.")
    weekday: Weekday = Field(default="any", description="On which days it is dangerous.")
    season: Season = Field(default="any", description="In which season it is dangerous.")
    description: Annotated[Words, Field(max_length=2000)] | None = Field(
        default=None, description="In the reporter's words, without names of persons."
    )
    contact: Annotated[Words, Field(max_length=200)] | None = Field(
        default=None,
        description="How the reporter wants to be told, if at all; never shown with the danger zone, kept with the "
        "secret link and erased with it.",
    )
    join_similar: bool = Field(
        default=False,
        description="Whether the report is counted with an accepted danger zone of the same concern, if there is one: "
        "for staff one that it overlaps or lies within 250 m of, for the public a public one, by its public place.",
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


class SimilarQuestion(InputModel):
    """A place and a concern that somebody is about to report."""

    geometry: PlaceGeometry
    category: Annotated[PlainText, Field(max_length=100)] = Field(examples=["street-lighting"])


class SimilarZone(BaseModel):
    """A danger zone that may be the one that is about to be reported."""

    id: int = Field(description="What `me-too` is sent to.")
    category: str
    status: str
    reported_at: str = Field(description="When it was first named; for the public the month.")
    distance_m: int = Field(description="For the public the distance of its public place, which is not its own.")


class SimilarZones(BaseModel):
    """Danger zones of the same concern that overlap a place or lie near it, nearest first."""

    zones: list[SimilarZone]


class MeToo(InputModel):
    """One more reporter of a danger zone."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"channel": "web", "description": "The lamp by the bus stop is out too."}]}
    )

    geometry: PlaceGeometry | None = Field(default=None, description="Where it is for you, if you want to say so.")
    channel: Annotated[Words, Field(max_length=100)] | None = None
    description: Annotated[Words, Field(max_length=2000)] | None = None
    contact: Annotated[Words, Field(max_length=200)] | None = None


class ReportTaken(BaseModel):
    """A report that was counted with a danger zone."""

    joined: bool = True
    links: list[dict[str, str]] = Field(description="The secret link of the report, once.")


class StepIn(InputModel):
    """Why a danger zone takes a step, and what comes next: the public reads it."""

    why: Annotated[PlainText, Field(min_length=3, max_length=500)] = Field(examples=["The lamp is ordered."])
    next_step: Annotated[PlainText, Field(max_length=500)] | None = Field(
        default=None, examples=["It is put up in May."]
    )


class PassingOn(StepIn):
    """Who is responsible besides."""

    passed_on_to: Annotated[PlainText, Field(max_length=200)] = Field(examples=["Water company"])


class Merging(StepIn):
    """Which danger zone takes in this one."""

    into: Annotated[int, Field(ge=1, le=MAX_IDENTIFIER)]


class Splitting(StepIn):
    """Which reports become a danger zone of their own."""

    reports: Annotated[list[Annotated[int, Field(ge=1, le=MAX_IDENTIFIER)]], Field(min_length=1, max_length=1000)]


class ZoneStanding(BaseModel):
    """Where a danger zone stands after a step."""

    id: int
    status: str
    verified: bool
    possible: list[str] = Field(description="Steps that can be taken now.")


class ZoneChangeOut(BaseModel):
    """A step in the life of a danger zone, as staff sees it."""

    model_config = ConfigDict(from_attributes=True)

    action: str
    from_status: str | None
    to_status: str
    sentence: str = Field(description="What the public reads: done or not done, why, what comes next.")
    why: str | None
    next_step: str | None
    passed_on_to: str | None
    other_zone_id: int | None
    moved_reports: list[int] | None
    actor_kind: str
    actor: str
    changed_at: datetime


class ZoneHistory(BaseModel):
    """The life of a danger zone, oldest step first."""

    changes: list[ZoneChangeOut]
    possible: list[str] = Field(description="Steps that can be taken now.")


class ZoneReport(BaseModel):
    """A report of a danger zone; who sent it is not told, for nobody knows."""

    id: int
    category: str | None
    reported_at: datetime | None
    reported_by: str
    channel: str | None
    description: str | None
    geometry: dict[str, Any]
    photos: list[int] = Field(description="Numbers of its photos.")


class ZoneReports(BaseModel):
    """Every report of a danger zone, oldest first, and the photos that staff took."""

    reports: list[ZoneReport]
    photos: list[int]


class PhotoOut(BaseModel):
    """A photo that was taken in."""

    id: int
    width: int
    height: int


class StepTold(BaseModel):
    """A step in the life of a report, as its reporter reads it."""

    day: str = Field(description="Day; the month where it was before the report.")
    status: str
    sentence: str


class ReportStatusOut(BaseModel):
    """What became of a report."""

    status: str
    sentence: str = Field(description="The same in a sentence.")
    history: list[StepTold]
    possible: list[str] = Field(description="What the reporter may say now: confirm, contradict, reopen.")
    expires_at: datetime = Field(description="When the link ends and the contact is erased.")


class ReportDataOut(BaseModel):
    """Everything that is held about a report."""

    municipality: dict[str, str]
    report: dict[str, Any] = Field(description="The report as GeoJSON, with its exact place.")
    photos: list[str] = Field(description="Addresses of the photos.")
    contact: str | None
    link: dict[str, str] = Field(description="When the link was made and when it ends.")


class ErasureOut(BaseModel):
    """What became of the danger zone of an erased report."""

    outcome: Literal["removed", "anonymised"]
