"""Options of the commands that draw, change and look at beats."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.commands import options
from app.commands.options import READABLE

if TYPE_CHECKING:
    from app.beats.computing import BeatRequest
    from app.beats.condition_files import ConditionInput
    from app.beats.event_work import CountedEvents
    from app.beats.from_files import FileRequest, PlanOutputs
    from app.beats.unit_files import UnitFile

PLAN = "a table unit_id,beat_id, or a column of UNITS"

Several = list[str] | None
WorkloadTerms = Annotated[
    Several,
    typer.Option(
        "--workload",
        metavar="COL[=SHARE]",
        help="Column of workload; several with the share of each (calls=2); also area_km2, and events and travel_km "
        "(--count-events). The residents by default.",
    ),
]
CountEvents = Annotated[
    Path | None,
    typer.Option(
        "--count-events", metavar="FILE", help=f"Points to count by unit, as the workload events: {READABLE}."
    ),
]
CountWhere = Annotated[
    Several, typer.Option("--count-where", metavar="COL=VALUE", help="Only these events; may be given several times.")
]
CountHours = Annotated[
    str | None,
    typer.Option("--count-hours", metavar="FROM-TO", help="Only the part of each event within hours: 22-6."),
]
CountWeekdays = Annotated[
    str | None,
    typer.Option("--count-weekdays", metavar="DAYS", help="Only the part of each event on these days: fri,sat."),
]
Bridges = Annotated[
    Several, typer.Option("--bridge", metavar="UNIT,UNIT", help="Units that count as neighbours without a border.")
]
ForbiddenBorders = Annotated[
    Several, typer.Option("--forbidden-border", metavar="UNIT,UNIT", help="Border that no beat may cross.")
]
SnapM = Annotated[
    float | None, typer.Option("--snap-m", help="Widest gap between units that still is a common border, metres.")
]
MinSharedM = Annotated[
    float | None, typer.Option("--min-shared-m", help="Shortest common border of two neighbours, metres.")
]
Barriers = Annotated[
    Path | None, typer.Option("--barriers", metavar="FILE", help="Lines that no beat may cross: rivers, motorways.")
]
LockedUnits = Annotated[
    Several, typer.Option("--lock-unit", metavar="UNIT=BEAT", help="Unit that must be in this beat.")
]
LockedBeats = Annotated[
    Several, typer.Option("--lock-beat", metavar="BEAT", help="Beat of the plan in force that stays as it is.")
]
ConditionsFile = Annotated[
    Path | None, typer.Option("--conditions", metavar="FILE.json", help="Many such conditions, as docs/beats.md shows.")
]
Evenness = Annotated[float, typer.Option("--evenness", help="From 0 (compact shapes) to 1 (even workload).")]
MinMax = Annotated[bool, typer.Option("--min-max", help="Make the busiest beat as light as possible first.")]
TimeBudget = Annotated[
    float | None,
    typer.Option("--time-budget", metavar="S", help="Seconds for the search; the best plan so far is kept."),
]
Stations = Annotated[
    Path | None,
    typer.Option("--stations", metavar="FILE", help="Table station,x,y (or lon,lat) for officers' stations."),
]
ForbiddenOfficers = Annotated[
    Several, typer.Option("--forbid-officer", metavar="OFFICER,BEAT", help="Pair that must not be.")
]
FixedOfficers = Annotated[Several, typer.Option("--fix-officer", metavar="OFFICER,BEAT", help="Pair that stays.")]
MaxTravel = Annotated[
    float | None, typer.Option("--max-travel-km", help="Longest straight line from the station to the beat.")
]
SeveralOfficers = Annotated[
    bool, typer.Option("--several-officers", help="Several officers for a beat of one unit above the maximum.")
]
Languages = Annotated[
    Several, typer.Option("--language", metavar="LANGUAGE=COL", help="Column of residents who speak a language.")
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="YYYY-MM-DD", help="Day up to which years of service count; else they do not."),
]
Current = Annotated[
    str | None, typer.Option("--current", metavar="PLAN", help=f"Plan in force, to stay close to: {PLAN}.")
]
CurrentToRedraw = Annotated[str, typer.Option("--current", metavar="PLAN", help=f"Plan to change: {PLAN}.")]
Proof = Annotated[
    float | None,
    typer.Option("--proof", metavar="S", help="Seconds to prove how even the plan could be (zones up to 120 units)."),
]
Full = Annotated[bool, typer.Option("--full", help="Draw all beats anew, not only those out of bounds.")]
Continuity = Annotated[
    float, typer.Option("--continuity", help="Price of a resident who changes beat, against uneven workload.")
]
PlanOption = Annotated[str, typer.Option("--plan", metavar="PLAN", help=f"Plan to look at: {PLAN}.")]
Before = Annotated[str, typer.Option("--before", metavar="PLAN", help=f"Earlier plan: {PLAN}.")]
After = Annotated[str, typer.Option("--after", metavar="PLAN", help=f"Later plan: {PLAN}.")]
OfficersNeeded = Annotated[Path, typer.Option("--officers", metavar="FILE", help="Table of officers.")]
OfficersOut = Annotated[
    Path | None, typer.Option("--table", metavar="FILE.csv", help="Table beat_id,officer_id to write.")
]
LayerOut = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help=f"Layer of beats to write; {options.WRITABLE}.")
]
SheetsOut = Annotated[Path, typer.Option("--out", metavar="FILE.pdf", help="PDF to write.")]
StreetName = Annotated[str, typer.Option("--street-name", metavar="COL", help="Column of street names.")]
Only = Annotated[Several, typer.Option("--only", metavar="BEAT", help="Only this beat; may be given several times.")]


@dataclass(frozen=True, kw_only=True)
class UnitOptions:
    """Which units, and what beats must be."""

    units: options.UnitsFile
    residents: options.Residents
    workload: WorkloadTerms = None
    count_events: CountEvents = None
    count_where: CountWhere = None
    count_hours: CountHours = None
    count_weekdays: CountWeekdays = None
    time: options.TimeColumn = None
    time_to: options.TimeToColumn = None
    time_zone: options.TimeZone = None
    stations: Stations = None
    hard_boundary: options.HardBoundary = None
    min_residents: options.MinResidents = 3000
    max_residents: options.MaxResidents = 7000
    number: options.BeatCount = None
    unit_id: options.UnitId = None
    snap_m: SnapM = None
    min_shared_m: MinSharedM = None
    bridge: Bridges = None
    forbidden_border: ForbiddenBorders = None
    barriers: Barriers = None
    conditions: ConditionsFile = None
    study_area: options.StudyArea = None
    crs: options.Crs = None
    working_crs: options.WorkingCrs = None
    x: options.XColumn = None
    y: options.YColumn = None
    layer: options.Layer = None
    delimiter: options.Delimiter = None
    decimal: options.Decimal = None

    def request(self) -> FileRequest:
        """Return what is asked for, as the service takes it."""
        from app.beats.from_files import FileRequest

        return FileRequest(
            units=self._unit_file(),
            columns=self._columns(),
            conditions=self._conditions(),
            officers=getattr(self, "officers", None),
            stations=self.stations,
        )

    def _unit_file(self) -> UnitFile:
        from app.beats.unit_files import UnitFile

        return UnitFile(
            self.units,
            self.crs,
            self.working_crs,
            self.x,
            self.y,
            options.dialect(self.layer, self.delimiter, self.decimal),
            self.study_area,
            self._counted_events(),
        )

    def _counted_events(self) -> CountedEvents | None:
        from app.beats.event_work import CountedEvents

        if self.count_events is None:
            return None
        return CountedEvents(
            self.count_events,
            tuple(self.count_where or ()),
            self.count_hours,
            self.count_weekdays,
            self.time,
            self.time_to,
            self.time_zone,
            self.stations,
        )

    def _columns(self) -> BeatRequest:
        from analysis.beats.weights import Weights
        from app.beats.computing import BeatRequest
        from app.beats.condition_files import workload_terms

        weights = Weights(
            min_max=getattr(self, "min_max", False), continuity=getattr(self, "continuity", Weights.continuity)
        )
        return BeatRequest(
            residents=self.residents,
            workload=workload_terms(self.workload or ()),
            hard_boundary=self.hard_boundary,
            unit_id=self.unit_id,
            current=getattr(self, "current", None),
            min_residents=self.min_residents,
            max_residents=self.max_residents,
            beats=self.number,
            snap_m=self.snap_m,
            min_shared_m=self.min_shared_m,
            seed=getattr(self, "seed", 0),
            method="least-change" if getattr(self, "full", None) is False else "full",
            weights=weights.with_evenness(getattr(self, "evenness", 0.5)),
            time_budget_s=getattr(self, "time_budget", None),
            as_of=_day(getattr(self, "as_of", None)),
        )

    def _conditions(self) -> ConditionInput:
        from app.beats.condition_files import ConditionInput

        def several(name: str) -> tuple[str, ...]:
            return tuple(getattr(self, name, None) or ())

        return ConditionInput(
            document=self.conditions,
            bridges=several("bridge"),
            forbidden_borders=several("forbidden_border"),
            barriers=self.barriers,
            locked_units=several("lock_unit"),
            locked_beats=several("lock_beat"),
            forbidden_officers=several("forbid_officer"),
            fixed_officers=several("fix_officer"),
            max_travel_km=getattr(self, "max_travel_km", None),
            several=getattr(self, "several_officers", False),
            languages=several("language"),
        )


@dataclass(frozen=True, kw_only=True)
class SearchOptions:
    """How beats are searched for."""

    lock_unit: LockedUnits = None
    lock_beat: LockedBeats = None
    evenness: Evenness = 0.5
    min_max: MinMax = False
    time_budget: TimeBudget = None
    seed: options.Seed = 0


@dataclass(frozen=True, kw_only=True)
class OfficerOptions:
    """Who is assigned, and what every assignment keeps."""

    forbid_officer: ForbiddenOfficers = None
    fix_officer: FixedOfficers = None
    max_travel_km: MaxTravel = None
    several_officers: SeveralOfficers = False
    language: Languages = None
    as_of: AsOf = None


@dataclass(frozen=True, kw_only=True)
class PlanOutputOptions:
    """What is written of a plan."""

    out: options.OutFile
    assignments: options.AssignmentsFile = None
    report: options.ReportFile = None
    map_file: options.MapFile = None
    title: options.Title = None

    def outputs(self) -> PlanOutputs:
        """Return the files to write, as the service takes them."""
        from app.beats.from_files import PlanOutputs

        return PlanOutputs(self.out, self.assignments, self.report, self.map_file, self.title)


@dataclass(frozen=True, kw_only=True)
class DrawOptions(PlanOutputOptions, OfficerOptions, SearchOptions, UnitOptions):
    """Options of ``kvart beats draw``."""

    current: Current = None
    officers: options.OfficersFile = None
    proof: Proof = None


@dataclass(frozen=True, kw_only=True)
class RedrawOptions(PlanOutputOptions, OfficerOptions, SearchOptions, UnitOptions):
    """Options of ``kvart beats redraw``."""

    current: CurrentToRedraw
    full: Full = False
    continuity: Continuity = 2e-4
    officers: options.OfficersFile = None


@dataclass(frozen=True, kw_only=True)
class TradeOffOptions(SearchOptions, UnitOptions):
    """Options of ``kvart beats trade-off``."""

    current: Current = None
    table: options.TableFile = None


@dataclass(frozen=True, kw_only=True)
class AssignOptions(OfficerOptions, UnitOptions):
    """Options of ``kvart beats officers``."""

    plan: PlanOption
    officers: OfficersNeeded
    current: Current = None
    table: OfficersOut = None


@dataclass(frozen=True, kw_only=True)
class CheckOptions(UnitOptions):
    """Options of ``kvart beats check``."""

    plan: PlanOption
    lock_unit: LockedUnits = None
    out: LayerOut = None
    report: options.ReportFile = None
    map_file: options.MapFile = None
    title: options.Title = None


@dataclass(frozen=True, kw_only=True)
class CompareOptions(UnitOptions):
    """Options of ``kvart beats compare``."""

    before: Before
    after: After
    table: options.TableFile = None
    map_file: options.MapFile = None
    title: options.Title = None


@dataclass(frozen=True, kw_only=True)
class SheetOptions(UnitOptions):
    """Options of ``kvart beats sheets``."""

    plan: PlanOption
    out: SheetsOut
    officers: options.OfficersFile = None
    streets: options.StreetsFile = None
    street_name: StreetName = "name"
    only: Only = None
    title: options.Title = None


def _day(text: str | None) -> Any:
    """Return a day; see ``--as-of``."""
    from datetime import date

    from app.errors import InvalidInputError

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(f"--as-of {text!r} is no day.", "Write it as 2024-09-01.") from error
