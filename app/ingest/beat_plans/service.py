"""Beat plans from files: polygons with a code, or a table of areal units and their beats; and who holds a beat.

Every change makes a new version of the plan, so that officers assigned to the old one stay where they are; a file that
changes nothing makes none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon
from sqlalchemy.orm import Session

from analysis.summary import Notice
from app.errors import ImportRefusedError
from app.files.columns import GEOMETRY_NAMES, find_by_synonym, listed
from app.files.coordinate_systems import parse_crs
from app.files.tables import TableFile
from app.ingest import repository as imports
from app.ingest.beat_plans import repository
from app.ingest.beat_plans.repository import StoredBeat
from app.ingest.checking import CheckedRows, ReadingPlan, check_rows, field_column, raw_values
from app.ingest.findings import QuarantineEntry
from app.ingest.kinds import BEAT_AREAS, BEAT_UNITS
from app.ingest.loading import Batch, Loaded, ragged_entry
from app.ingest.parsing import as_text
from app.ingest.planning import municipality_place, plan_reading
from app.ingest.profiles import SourceProfile
from app.ingest.repeats import RepeatedIds
from app.ingest.report import Progress
from app.ingest.repository import Counts
from app.municipalities.context import MunicipalityContext
from app.plans import service as plans

__all__ = ["assign_officers", "load_beats", "unplaced_stations"]


@dataclass
class _Gathered:
    """Beats of a file as far as it was read.

    Attributes
    ----------
    parts : dict of str to list of shapes
        Polygons of each beat.
    units : dict of str to set of int
        Keys of the areal units of each beat.
    rows : Counter
        Good rows of each beat.
    repeated : int
        Rows that only repeat an earlier one.
    quarantine : list of QuarantineEntry
        Bad rows.
    """

    parts: dict[str, list[shapely.Geometry]] = field(default_factory=lambda: defaultdict(list))
    units: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    rows: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    quarantine: list[QuarantineEntry] = field(default_factory=list)

    def beats(self) -> dict[str, StoredBeat]:
        """Return area and units of each beat; parts of one code become one area."""
        return {
            code: StoredBeat(_one_area(self.parts.get(code, [])), frozenset(self.units.get(code, ())))
            for code in sorted(self.rows)
        }


def load_beats(
    session: Session,
    municipality: MunicipalityContext,
    batch: Batch,
    file: TableFile,
    profile: SourceProfile,
    _kind: str,
    progress: Progress,
) -> tuple[dict[str, str], Loaded]:
    """Load a beat plan; return the columns taken and how the rows ended."""
    has_areas = file.has_geometry or find_by_synonym(file.columns, GEOMETRY_NAMES) is not None
    place = municipality_place(imports.boundary(session, municipality.id), parse_crs(municipality.working_crs))
    plan = plan_reading(file, BEAT_AREAS if has_areas else BEAT_UNITS, profile, place, municipality.time_zone)
    progress(0.2, "checking")
    gathered = _gather_areas(plan) if has_areas else _gather_units(session, municipality.id, plan)
    imports.store_quarantine(session, municipality.id, batch.batch_id, gathered.quarantine)
    name = repository.source_name(session, municipality.id, batch.source_id)
    before = repository.imported_plan(session, municipality.id, batch.source_id)
    beats = gathered.beats()
    progress(0.5, "storing")
    counts = _counts(gathered, beats, before)
    notices = [*plan.columns.notices, *_joined_parts(gathered)]
    if beats and beats != before:
        plan_id = repository.insert_plan(session, municipality.id, batch.batch_id, name, beats)
        if has_areas:
            without = repository.add_units_by_place(session, municipality.id, plan_id)
        else:
            without = repository.add_units(session, municipality.id, plan_id, beats)
        repository.measure_beats(session, municipality.id, plan_id)
        plans.put_in_force(session, municipality, plan_id, plans.today(municipality), "imported")
        notices += (
            [Notice("units_without_beat", f"{without:,} areal units lie in no beat of the plan.")] if without else []
        )
    reasons = Counter(reason["code"] for entry in gathered.quarantine for reason in entry.reasons)
    return plan.columns.declared(), Loaded(counts, dict(reasons.most_common()), notices, {})


def _gather_areas(plan: ReadingPlan) -> _Gathered:
    gathered = _Gathered()
    for rows in _checked(plan, gathered):
        shapes = None if rows.located is None else rows.located.shapes
        for row in np.flatnonzero(rows.accepted).tolist():
            code = rows.ids[row].as_py()
            gathered.rows[code] += 1
            if shapes is not None:
                gathered.parts[code].append(shapes[row])
    return gathered


def _gather_units(session: Session, municipality_id: int, plan: ReadingPlan) -> _Gathered:
    gathered, repeats = _Gathered(), RepeatedIds(plan.repeated)
    for rows in _checked(plan, gathered):
        taken, same, contradicting = repeats.settle(rows)
        gathered.repeated += same
        gathered.quarantine += contradicting
        keys = imports.referenced_rows(session, municipality_id, "areal_unit", rows.ids.drop_null().to_pylist())
        for row in np.flatnonzero(taken).tolist():
            unit, code = rows.ids[row].as_py(), rows.values["beat_id"][row].as_py()
            if unit in keys:
                gathered.rows[code] += 1
                gathered.units[code].add(keys[unit])
            else:
                gathered.quarantine.append(_unknown_unit(rows, row, unit))
    if not gathered.rows and any(entry.reasons[0]["code"] == "unknown_unit" for entry in gathered.quarantine):
        raise ImportRefusedError(
            f"{plan.file.name}: none of its areal units is stored.",
            "Import the areal units first (kvart import areal-units), with the same identifiers.",
        )
    return gathered


def _checked(plan: ReadingPlan, gathered: _Gathered) -> list[CheckedRows]:
    checked = [check_rows(raw, plan) for raw in plan.file.blocks()]
    for rows in checked:
        gathered.quarantine += [*map(ragged_entry, rows.raw.ragged), *rows.quarantined()]
    return checked


def _unknown_unit(rows: CheckedRows, row: int, unit: str) -> QuarantineEntry:
    reason = {"code": "unknown_unit", "message": f"There is no areal unit '{unit}'."}
    return QuarantineEntry(int(rows.raw.lines[row]), raw_values(rows.raw, row), (reason,))


def _one_area(parts: list[shapely.Geometry]) -> bytes | None:
    if not parts:
        return None
    shapes: NDArray[np.object_] = np.array(parts, dtype=object)
    union = parts[0] if len(parts) == 1 else shapely.union_all(shapes)
    area = union if isinstance(union, MultiPolygon) else MultiPolygon([union])
    return bytes(shapely.to_wkb(shapely.normalize(area)))


def _counts(gathered: _Gathered, beats: dict[str, StoredBeat], before: dict[str, StoredBeat]) -> Counts:
    new = sum(n for code, n in gathered.rows.items() if code not in before)
    same = sum(n for code, n in gathered.rows.items() if before.get(code) == beats[code])
    changed = gathered.rows.total() - new - same
    return Counts(new, changed, same + gathered.repeated, len(gathered.quarantine))


def _joined_parts(gathered: _Gathered) -> list[Notice]:
    joined = [f"{code} ({len(parts)} parts)" for code, parts in gathered.parts.items() if len(parts) > 1]
    if not joined:
        return []
    return [Notice("joined_parts", f"Polygons of one code became one beat each: {listed(joined, limit=10)}.")]


def unplaced_stations(session: Session, municipality_id: int) -> list[Notice]:
    """Name the officers whose station has no place, neither in the file nor with an officer stored before."""
    found = repository.officers_without_place(session, municipality_id)
    if not found:
        return []
    named = listed([f"{badge} ({station})" for badge, station in found], limit=10)
    message = (
        f"No place is known of the station of {named}. Their way to work does not count until one officer of each "
        "station has its coordinates."
    )
    return [Notice("stations_without_place", message)]


def assign_officers(session: Session, municipality_id: int, plan: ReadingPlan) -> list[Notice]:
    """Give the officers of a file the beats that it names in ``current_beat``; return what a reader must know."""
    beat_of_badge = _named_beats(plan)
    if not beat_of_badge:
        return []
    name, unknown = repository.assign_officers(session, municipality_id, beat_of_badge)
    if name is None:
        message = (
            "Officers were stored without their beats: no beat plan is stored. Import it, then the officers again."
        )
        return [Notice("no_beat_plan", message)]
    if unknown:
        return [Notice("unknown_beats", f"The beat plan '{name}' has no beats {listed(sorted(unknown), limit=10)}.")]
    return []


def _named_beats(plan: ReadingPlan) -> dict[str, str]:
    """Return the beat that a file of officers names for each of them that has one."""
    field = plan.kind.field("current_beat")
    named: dict[str, str] = {}
    for rows in plan.file.blocks():
        badges = field_column(rows, plan, plan.kind.identifier)
        beats = None if field is None else field_column(rows, plan, field)
        if badges is not None and beats is not None:
            pairs = zip(as_text(badges).to_pylist(), as_text(beats).to_pylist(), strict=True)
            named |= {badge: beat for badge, beat in pairs if badge and beat}
    return named
