"""Imports as the API takes them in and shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from app.features.schemas import InputModel, PlainText
from app.ingest.kind_names import ImportKind


class ImportRequest(InputModel):
    """The parts of the form besides the file."""

    kind: ImportKind = Field(description="What the rows of the file are.")
    source: Annotated[PlainText, Field(max_length=100)] = Field(
        description="Name of the supplier; its files are read alike, and a re-import updates its rows."
    )
    profile: str | None = Field(default=None, max_length=200_000, description="Source profile as JSON or TOML.")
    crs: Annotated[PlainText, Field(max_length=5000)] | None = Field(
        default=None, description="CRS of the coordinates, for example `EPSG:32634`."
    )
    timezone: Annotated[PlainText, Field(max_length=64)] | None = Field(
        default=None, description="IANA time zone of local times; by default that of the municipality."
    )
    map: Annotated[PlainText, Field(max_length=5000)] | None = Field(
        default=None, description="Columns by field: `occurred_from=COL,category=COL`."
    )


class BatchOut(BaseModel):
    """One file taken in, with counts that reconcile."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    kind: str
    source: str
    file_name: str
    file_sha256: str
    imported_at: datetime
    rows_read: int = Field(description="Accepted, updated, unchanged and quarantined rows together.")
    accepted: int
    updated: int
    unchanged: int
    quarantined: int
    warnings: list[dict[str, Any]] = Field(description="What a careful reader must know of the file.")
    software_version: str


class BatchList(BaseModel):
    """Import batches, newest first."""

    imports: list[BatchOut]
    next_before: int | None = Field(description="Give this as `before` to read on; null on the last page.")


class QuarantinedRowOut(BaseModel):
    """A row that was not taken in."""

    model_config = ConfigDict(from_attributes=True)

    line: int = Field(description="Line or number of the row in the file.")
    raw: dict[str, Any] = Field(description="The values as they stood there.")
    reasons: list[dict[str, Any]] = Field(description="Every reason why it was refused.")


class QuarantinePage(BaseModel):
    """Quarantined rows in the order of the file."""

    rows: list[QuarantinedRowOut]
    next_after_line: int | None = Field(description="Give this as `after_line` to read on; null on the last page.")
