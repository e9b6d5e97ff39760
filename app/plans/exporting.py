"""A plan as a file: tables, layers, and sheets to print."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy.orm import Session

from app.beats import service as beats
from app.charts.captions import Caption
from app.deferred import Deferred, gpd
from app.errors import InvalidInputError, NotFoundError, TooLargeError
from app.files.spreadsheets import csv_text
from app.files.storage import storing
from app.files.writing import write_where_nothing_is
from app.municipalities.context import MunicipalityContext
from app.plans import repository
from app.streets import service as streets

if TYPE_CHECKING:
    from app.charts import beat_sheets
else:
    beat_sheets = Deferred("app.charts.beat_sheets")

ExportFormat = Literal["csv", "geojson", "gpkg"]
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
}
MOST_SHEETS = 60
_RENDERING = threading.Lock()


def export_plan(session: Session, municipality: MunicipalityContext, plan_id: int, form: ExportFormat) -> bytes:
    """Return the units and beats of a plan as CSV, or its beats as a layer.

    Raises
    ------
    NotFoundError
        The municipality has no such plan.
    StorageError
        The disk of the service does not take the file.
    """
    beats.get_plan(session, municipality, plan_id)
    if form == "csv":
        return csv_text(beats.unit_assignments(session, municipality, plan_id)).encode()
    frame = beats.beat_frame(session, municipality, plan_id).to_crs(municipality.working_crs)
    with storing("The file"), tempfile.TemporaryDirectory(prefix="kvart-export-") as folder:
        path = Path(folder) / f"beats.{form}"
        write_where_nothing_is(frame, path)
        return path.read_bytes()


def plan_sheets(
    session: Session, municipality: MunicipalityContext, plan_id: int, only: Sequence[str] | None, handling_mark: str
) -> bytes:
    """Return a PDF with a page for each beat: map, streets, residents, workload, and the officer where published.

    Raises
    ------
    NotFoundError
        The municipality has no such plan, or it has no beat with an area.
    TooLargeError
        There are more beats than one document holds.
    InvalidInputError
        The plan has no such beat.
    """
    plan = beats.get_plan(session, municipality, plan_id)
    frame = beats.beat_frame(session, municipality, plan_id).to_crs(municipality.working_crs)
    if frame.empty:
        raise NotFoundError(f"Plan {plan_id} has no beat with an area.", "Draw or import one with areas.")
    if len(only or frame) > MOST_SHEETS:
        raise TooLargeError(f"{len(only or frame)} sheets at once: at most {MOST_SHEETS}.", "Name some beats.")
    caption = Caption(
        f"{plan['name']}, version {plan['version']} ({plan['status']})",
        municipality.name,
        handling_mark,
        "" if plan["run_id"] is None else str(plan["run_id"]),
    )
    frame["workload"] = frame["workload"].astype(float).fillna(0.0)
    contacts = _contacts(session, municipality, plan_id)
    with _RENDERING:
        return beat_sheets.beat_sheets(
            frame, caption, contacts=contacts, streets=_streets(session, municipality), only=only
        )  # fmt: skip


def _contacts(
    session: Session, municipality: MunicipalityContext, plan_id: int
) -> dict[str, beat_sheets.BeatContact | None]:
    """Return how residents reach the officer of each beat: only who is published is named."""
    found: dict[str, beat_sheets.BeatContact | None] = {}
    for row in repository.officers_of_beats(session, municipality.id, plan_id):
        if row["published"]:
            known = beat_sheets.BeatContact(
                row["display_name"] or "Your officer", row["contact"] or "", tuple(row["languages"])
            )
            found[row["beat_id"]] = known
        else:
            found[row["beat_id"]] = beat_sheets.BeatContact("Ask at the station", "", (), row["station"] or "")
    return found


def _streets(session: Session, municipality: MunicipalityContext) -> gpd.GeoDataFrame | None:
    try:
        return streets.read_streets(session, municipality)
    except InvalidInputError:
        return None
