"""How a file will be read: settled before any of its rows is judged."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import shapely
from pyproj import CRS
from shapely import MultiPolygon

from analysis.projection import WGS84
from analysis.summary import Notice
from app.errors import InvalidInputError
from app.files.coordinate_systems import parse_crs, transform
from app.files.places import SAMPLE_ROWS, PlaceColumns, choose_place_columns
from app.files.tables import RawTable
from app.ingest.checking import ReadingPlan, field_column
from app.ingest.fields import FieldType, Kind
from app.ingest.locating import Place
from app.ingest.mapping import ColumnMap, map_columns
from app.ingest.parsing import as_text
from app.ingest.profiles import SourceProfile
from app.ingest.times import TimeFormat, detect_format

LEAST_DISTINCT = 0.9
"""Share of distinct values below which a column that nobody declared is no identifier."""


def municipality_place(boundary: MultiPolygon, working: CRS) -> Place:
    """Return a municipality's place from its boundary in WGS 84."""
    projected = shapely.transform(boundary, lambda xy: np.column_stack(transform(xy[:, 0], xy[:, 1], WGS84, working)))
    return Place(projected, working)


def plan_reading(raw: RawTable, kind: Kind, profile: SourceProfile, place: Place, time_zone: str) -> ReadingPlan:
    """Return how the rows of a file are read.

    Parameters
    ----------
    raw : RawTable
        The whole file.
    kind : Kind
        What it holds.
    profile : SourceProfile
        What its source declares.
    place : Place
        The municipality.
    time_zone : str
        IANA zone of local times where the profile names none.

    Raises
    ------
    InvalidInputError
        If a column or a CRS is missing, or dates are ambiguous.
    """
    columns = map_columns(raw, kind, profile.columns, one_category=profile.category is not None)
    plan = ReadingPlan(raw, kind, profile, columns, _place_columns(raw, kind, profile, columns), place, {})
    plan = _without_poor_identifier(plan)
    formats = {
        field.name: _time_format(plan, field.name, "UTC" if field.type is FieldType.DATE else time_zone)
        for field in kind.fields
        if field.type in {FieldType.TIME, FieldType.DATE} and field.name in plan.columns.columns
    }
    return ReadingPlan(raw, kind, profile, plan.columns, plan.place_columns, place, formats)


def _place_columns(raw: RawTable, kind: Kind, profile: SourceProfile, columns: ColumnMap) -> PlaceColumns | None:
    if kind.placement is None:
        return None
    crs = None if profile.crs is None else parse_crs(profile.crs)
    declared = columns.place
    try:
        return choose_place_columns(raw, crs=crs, x=declared.get("x"), y=declared.get("y"), wkt=declared.get("wkt"))
    except InvalidInputError:
        if kind.placement.required or declared or crs is not None:
            raise
        return None


def _time_format(plan: ReadingPlan, name: str, zone: str) -> TimeFormat:
    field = plan.kind.field(name)
    sample = None if field is None else field_column(plan.raw.sample(SAMPLE_ROWS), plan, field)
    if sample is None:
        raise InvalidInputError(f"{plan.raw.name} has no column for '{name}'.", "Name it with --map.")
    return detect_format(sample.drop_null(), plan.profile, zone, column="+".join(plan.columns.columns[name]))


def _without_poor_identifier(plan: ReadingPlan) -> ReadingPlan:
    """Return the plan without an identifier column that nobody declared and whose values repeat too often."""
    identifier = plan.kind.identifier
    if identifier.name in plan.profile.columns or identifier.value_required:
        return plan
    ids = field_column(plan.raw, plan, identifier)
    if ids is None or len(ids) == ids.null_count:
        return plan
    if len(pc.unique(as_text(ids))) >= LEAST_DISTINCT * (len(ids) - ids.null_count):
        return plan
    columns = dict(plan.columns.columns)
    name = "+".join(columns.pop(identifier.name))
    notice = Notice("not_an_identifier", f"Column '{name}' repeats too often to identify rows; line numbers do.")
    changed = ColumnMap(columns, plan.columns.place, (*plan.columns.notices, notice))
    return ReadingPlan(plan.raw, plan.kind, plan.profile, changed, plan.place_columns, plan.place, {})
