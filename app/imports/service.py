"""Use cases of imports over HTTP: hand a file to a worker, look at what became of it."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from sqlalchemy import Row
from sqlalchemy.orm import Session

from app.deferred import Deferred
from app.errors import InvalidInputError, NotFoundError
from app.files.formats import file_format
from app.files.spreadsheets import safe_cell
from app.imports import repository
from app.imports.schemas import ImportRequest
from app.imports.uploads import Upload, discard_uploads
from app.municipalities.context import MunicipalityContext
from app.runs import service as runs
from app.runs.service import AnalysisRun

if TYPE_CHECKING:
    from app.ingest import profiles
else:
    profiles = Deferred("app.ingest.profiles")

FORGOTTEN_AFTER_SECONDS = 3600.0
"""An upload that no run waits for is removed when nothing was written to it for so long."""


def submit_import(
    session: Session, municipality: MunicipalityContext, upload: Upload, requested_by: int | None = None
) -> AnalysisRun:
    """Put the import of an uploaded file into the queue; files of imports that have ended are removed.

    Raises
    ------
    InvalidInputError
        If a part of the form is missing, unknown or cannot be used.
    UnsupportedFormatError
        If the file is of no type that Kvart reads.
    """
    asked = _checked_request(upload.fields)
    if upload.path is None:
        raise InvalidInputError("Part 'file': is missing.", "Send the file as the part 'file'.", pointer="file")
    file_format(upload.path)
    profile = profiles.combine_profiles(_parse_profile(asked.profile), _stated_settings(asked))
    parameters = {
        "kind": asked.kind,
        "source": asked.source,
        "file": str(upload.path.resolve()),
        "file_name": upload.path.name,
        "profile": profile.to_json(),
    }
    kept = {upload.directory.name} | _uploads_in_use(session, municipality)
    discard_uploads(upload.directory.parent, kept, FORGOTTEN_AFTER_SECONDS)
    return runs.submit_run(session, municipality, "import", parameters, requested_by=requested_by)


def discard_old_uploads(session: Session, municipality: MunicipalityContext, uploads: Path, cutoff: datetime) -> int:
    """Remove the uploaded files of a municipality that are of before ``cutoff``, and return how many there were."""
    kept = _uploads_in_use(session, municipality)
    return discard_uploads(uploads / municipality.code, kept, (datetime.now(UTC) - cutoff).total_seconds())


def _uploads_in_use(session: Session, municipality: MunicipalityContext) -> set[str]:
    unfinished = [
        run
        for state in ("queued", "running")
        for run in runs.list_runs(session, municipality, kind="import", state=state, limit=runs.MAX_UNFINISHED)
    ]
    return {Path(run.parameters["file"]).parent.name for run in unfinished}


def list_batches(
    session: Session, municipality: MunicipalityContext, *, kind: str | None, before: int | None, limit: int
) -> Sequence[Row[Any]]:
    """Return import batches, newest first."""
    return repository.list_batches(session, municipality.id, kind=kind, before=before, limit=limit)


def get_batch(session: Session, municipality: MunicipalityContext, batch_id: int) -> Row[Any]:
    """Return an import batch.

    Raises
    ------
    NotFoundError
        If the municipality has none of that identifier.
    """
    batch = repository.find_batch(session, municipality.id, batch_id)
    if batch is None:
        raise NotFoundError(
            f"{municipality.name} has no import {batch_id}.",
            f"GET /municipalities/{municipality.code}/imports lists those there are.",
        )
    return batch


def quarantined_rows(
    session: Session, municipality: MunicipalityContext, batch_id: int, *, after_line: int, limit: int
) -> Sequence[Row[Any]]:
    """Return the rows of a batch that were not taken in, in the order of the file.

    Raises
    ------
    NotFoundError
        If the municipality has no such batch.
    """
    get_batch(session, municipality, batch_id)
    return repository.quarantined_rows(session, municipality.id, batch_id, after_line=after_line, limit=limit)


def quarantine_csv(rows: Sequence[Row[Any]]) -> str:
    """Return quarantined rows as CSV: line, reasons, then the columns of the file; no cell is a formula."""
    columns = list(dict.fromkeys(name for row in rows for name in row.raw))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([safe_cell(name) for name in ("line", "reasons", *columns)])
    for row in rows:
        reasons = "; ".join(str(reason.get("message") or reason) for reason in row.reasons)
        writer.writerow([row.line, safe_cell(reasons), *(safe_cell(row.raw.get(name)) for name in columns)])
    return text.getvalue()


def _checked_request(fields: dict[str, str]) -> ImportRequest:
    try:
        return ImportRequest.model_validate({name: text for name, text in fields.items() if text != ""})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])[:80]
        known = ", ".join([*ImportRequest.model_fields, "file"])
        raise InvalidInputError(f"Part '{name}': {first['msg']}.", f"Parts are: {known}.", pointer=name) from error


def _parse_profile(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        profile = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"Part 'profile': is neither JSON nor TOML: {error}.", "Correct that line.", pointer="profile"
        ) from error
    return dict(profile)


def _stated_settings(asked: ImportRequest) -> dict[str, Any]:
    stated: dict[str, Any] = {"crs": asked.crs, "timezone": asked.timezone}
    if asked.map is not None:
        stated["columns"] = _parse_map(asked.map)
    return {name: value for name, value in stated.items() if value is not None}


def _parse_map(text: str) -> dict[str, str]:
    columns: dict[str, str] = {}
    for pair in text.split(","):
        name, equals, column = (part.strip() for part in pair.partition("="))
        if not (name and equals and column) or name in columns:
            raise InvalidInputError(
                f"Part 'map': cannot read {pair.strip()[:80]!r}.",
                "Write field=COLUMN pairs separated by commas, each field once.",
                pointer="map",
            )
        columns[name] = column
    return columns
