"""How a file will be read: settled before any of its rows is judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from pyproj import CRS
from shapely import MultiPolygon

from analysis.projection import WGS84
from analysis.summary import Notice
from app.errors import InvalidInputError
from app.files.coordinate_systems import parse_crs, transform
from app.files.places import SAMPLE_ROWS, PlaceColumns, choose_place_columns
from app.files.tables import RawTable, TableFile, joined
from app.ingest.checking import ReadingPlan, field_column
from app.ingest.fields import Field, FieldType, Kind
from app.ingest.locating import Place
from app.ingest.mapping import ColumnMap, map_columns
from app.ingest.parsing import as_text
from app.ingest.profiles import SourceProfile
from app.ingest.repeats import Identifiers
from app.ingest.times import TimeFormat, detect_format

LEAST_DISTINCT = 0.9
"""Share of distinct values below which a column that nobody declared is no identifier."""


def municipality_place(boundary: MultiPolygon, working: CRS) -> Place:
    """Return a municipality's place from its boundary in WGS 84."""
    projected = shapely.transform(boundary, lambda xy: np.column_stack(transform(xy[:, 0], xy[:, 1], WGS84, working)))
    return Place(projected, working)


def plan_reading(file: TableFile, kind: Kind, profile: SourceProfile, place: Place, time_zone: str) -> ReadingPlan:
    """Return how the rows of a file are read; all of them are looked at once.

    Parameters
    ----------
    file : TableFile
        Where the rows come from.
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
    columns = map_columns(file, kind, profile.columns, one_category=profile.category is not None)
    plan = ReadingPlan(file, kind, profile, columns, None, place, {}, np.empty(0, dtype=np.int64))
    sample, identifiers = _survey(plan)
    plan = replace(plan, place_columns=_place_columns(sample, kind, profile, columns))
    if _identifies_poorly(plan, identifiers):
        plan = _without_identifier(plan)
    else:
        plan = replace(plan, repeated=identifiers.repeated)
    formats = {
        field.name: _time_format(plan, sample, field, "UTC" if field.type is FieldType.DATE else time_zone)
        for field in kind.fields
        if field.type in {FieldType.TIME, FieldType.DATE} and field.name in plan.columns.columns
    }
    return replace(plan, formats=formats)


def _survey(plan: ReadingPlan) -> tuple[RawTable, Identifiers]:
    """Return rows that are evenly spread over a file, and what its identifiers are like."""
    step = max(1, plan.file.n_rows // SAMPLE_ROWS)
    chosen: list[RawTable] = []
    identifiers = Identifiers()
    first = 0
    for rows in plan.file.blocks():
        chosen.append(rows.every(step, first))
        first = (first - rows.n_rows) % step
        column = field_column(rows, plan, plan.kind.identifier)
        if column is not None:
            identifiers.add(as_text(column))
    return joined(chosen), identifiers


def _place_columns(sample: RawTable, kind: Kind, profile: SourceProfile, columns: ColumnMap) -> PlaceColumns | None:
    if kind.placement is None:
        return None
    crs = None if profile.crs is None else parse_crs(profile.crs)
    declared = columns.place
    try:
        return choose_place_columns(sample, crs=crs, x=declared.get("x"), y=declared.get("y"), wkt=declared.get("wkt"))
    except InvalidInputError:
        if kind.placement.required or declared or crs is not None:
            raise
        return None


def _time_format(plan: ReadingPlan, sample: RawTable, field: Field, zone: str) -> TimeFormat:
    values = field_column(sample, plan, field)
    if values is None:
        raise InvalidInputError(f"{plan.file.name} has no column for '{field.name}'.", "Name it with --map.")
    return detect_format(values.drop_null(), plan.profile, zone, column="+".join(plan.columns.columns[field.name]))


def _identifies_poorly(plan: ReadingPlan, identifiers: Identifiers) -> bool:
    """Say whether nobody declared the identifier and its values repeat too often."""
    declared = plan.kind.identifier.name in plan.profile.columns or plan.kind.identifier.value_required
    return not declared and identifiers.n_distinct < LEAST_DISTINCT * identifiers.n_values


def _without_identifier(plan: ReadingPlan) -> ReadingPlan:
    columns = dict(plan.columns.columns)
    name = "+".join(columns.pop(plan.kind.identifier.name))
    notice = Notice("not_an_identifier", f"Column '{name}' repeats too often to identify rows; line numbers do.")
    return replace(plan, columns=ColumnMap(columns, plan.columns.place, (*plan.columns.notices, notice)))
