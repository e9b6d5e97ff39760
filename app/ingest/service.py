"""Use cases of imports: a file of any kind into the database, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from analysis.summary import Notice
from app.audit import service as audit
from app.audit.events import OPERATOR, WORKER, AuditEvent
from app.database.sessions import Database
from app.errors import ImportRefusedError, InvalidInputError
from app.files.columns import listed, nearest
from app.files.coordinate_systems import parse_crs
from app.files.tables import TableFile, file_sha256, open_table
from app.identity.caller import Caller
from app.ingest import repository
from app.ingest.beat_plans.service import assign_officers, load_beats, unplaced_stations
from app.ingest.fields import Kind
from app.ingest.fix_links import link_further_zones
from app.ingest.histories import service as histories
from app.ingest.kinds import KINDS
from app.ingest.loading import Batch, Loaded, Loader
from app.ingest.own_layers import settled_own_layer
from app.ingest.planning import municipality_place, plan_reading
from app.ingest.profiles import SourceProfile, combine_profiles
from app.ingest.report import ImportReport, Progress
from app.jobs.handlers import ClaimedRun, ReportProgress, RunResult
from app.municipalities.context import MunicipalityContext
from app.municipalities.service import find_municipality

__all__ = ["ImportOrigin", "ImportReport", "execute_import", "import_file"]


@dataclass(frozen=True)
class ImportOrigin:
    """Where a file came from, if not from somebody at this machine.

    Attributes
    ----------
    actor : Caller
        Who takes it in, for the audit log.
    file_name : str or None
        Name by which the file is known, if not its own.
    run_id : int or None
        Run that takes it in.
    """

    actor: Caller = OPERATOR
    file_name: str | None = None
    run_id: int | None = None


def import_file(
    database: Database,
    municipality_code: str,
    kind: str,
    path: Path,
    *,
    source: str,
    profile: Mapping[str, Any] | None = None,
    origin: ImportOrigin | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a file of one kind into a municipality; all of it or, on any error, nothing.

    Parameters
    ----------
    database : Database
        Where to.
    municipality_code : str
        Whose rows these are.
    kind : str
        One of ``app.ingest.kinds.KINDS`` or ``"beats"``.
    path : Path
        The file.
    source : str
        Name of the supplier's series of files; its profile is kept and used again.
    profile : mapping, optional
        Settings of :class:`~app.ingest.profiles.SourceProfile` that add to or change the stored ones.
    origin : ImportOrigin, optional
    progress : callable, optional
        Told a fraction from 0 to 1 and a short sentence.

    Raises
    ------
    KvartError
        If the file as a whole cannot be used; nothing was stored.
    """
    say = progress or _say_nothing
    with database.transaction() as session:
        report = take_in(session, municipality_code, kind, path, source, profile or {}, origin or ImportOrigin(), say)
    say(1.0, "done")
    return report


def take_in(
    session: Session,
    municipality_code: str,
    kind: str,
    path: Path,
    source: str,
    profile: Mapping[str, Any],
    origin: ImportOrigin,
    say: Progress,
) -> ImportReport:
    """Import a file as :func:`import_file` does, in the transaction of the caller."""
    begun = time.perf_counter()
    say(0.0, "reading")
    municipality = find_municipality(session, municipality_code)
    require_kind(kind)
    if not source.strip():
        raise InvalidInputError("The source has no name.", "Name the supplier, for example --source police.")
    source_id, stored = repository.open_source(session, municipality.id, kind, source.strip())
    settings = combine_profiles(_with_known_identity(stored, kind), dict(profile))
    file = open_table(path, settings.dialect, name=origin.file_name)
    sha256 = file_sha256(path)
    batch_id = repository.open_batch(session, municipality.id, source_id, file.name, sha256)
    batch = Batch(municipality.id, source_id, batch_id, sha256)
    load = load_beats if kind == "beats" else load_rows
    columns, loaded = load(session, municipality, batch, file, settings, kind, say)
    _require_some(file, loaded)
    notices = [*file.notices, *loaded.notices]
    repository.store_profile(session, municipality.id, source_id, settings.to_json() | {"columns": columns})
    repository.close_batch(session, municipality.id, batch_id, loaded.counts, notices)
    what = {"collection": kind, "batch": batch_id, "run": origin.run_id, **asdict(loaded.counts)}
    audit.record(session, AuditEvent("collection", municipality.id, origin.actor, what))
    return ImportReport(
        municipality=municipality.code,
        kind=kind,
        source=source.strip(),
        file_name=file.name,
        batch_id=batch_id,
        counts=loaded.counts,
        reasons=loaded.reasons,
        columns=columns,
        notices=tuple(notices),
        seconds=time.perf_counter() - begun,
    )


def load_rows(
    session: Session,
    municipality: MunicipalityContext,
    batch: Batch,
    file: TableFile,
    profile: SourceProfile,
    kind: str,
    progress: Progress,
) -> tuple[dict[str, str], Loaded]:
    """Load a file whose rows become rows of one table; return the columns taken and how the rows ended."""
    declared: Kind = KINDS[kind]
    place = municipality_place(repository.boundary(session, municipality.id), parse_crs(municipality.working_crs))
    plan = plan_reading(file, declared, profile, place, profile.timezone or municipality.time_zone)
    plan = settled_own_layer(session, plan, batch)
    plan = histories.without_broken_merges(session, plan, batch)
    loaded = Loader(session, plan, batch).run(progress)
    placed = () if plan.place_columns is None else plan.place_columns.notices
    notices = [*plan.columns.notices, *placed, *loaded.notices]
    counts = loaded.counts
    if kind == "danger-zones":
        counts = histories.note_zones(session, batch, plan, loaded)
    if kind == "fixes":
        histories.note_fixes(session, municipality, batch)
        notices += link_further_zones(session, batch, loaded)
    if kind == "officers":
        notices += assign_officers(session, municipality.id, plan)
        notices += unplaced_stations(session, municipality.id)
    if declared.identifier.name not in plan.columns.columns:
        notices += _growing_file(session, batch)
    return plan.columns.declared(), Loaded(counts, loaded.reasons, notices, {})


def require_kind(kind: str) -> None:
    """Refuse a kind of import that does not exist.

    Raises
    ------
    InvalidInputError
        If there is none of this name.
    """
    names = (*KINDS, "beats")
    if kind not in names:
        near = nearest(kind, names)
        raise InvalidInputError(
            f"There is no kind of import '{kind}'.",
            f"{f'Did you mean {near}? ' if near else ''}Kinds: {listed(names)}.",
        )


def execute_import(database: Database, run: ClaimedRun, report_progress: ReportProgress) -> RunResult:
    """Do a run of the kind ``import``: parameters ``kind``, ``source``, ``file``, ``file_name`` and ``profile``.

    All of it happens in the transaction that ends the run, so that a file is taken in once, whoever does the run.
    """
    del database
    wanted = run.parameters

    def publish(session: Session) -> dict[str, Any]:
        return take_in(
            session,
            run.municipality_code,
            wanted["kind"],
            Path(wanted["file"]),
            wanted["source"],
            wanted.get("profile") or {},
            ImportOrigin(WORKER, wanted.get("file_name"), run.id),
            report_progress,
        ).to_dict()

    return RunResult(summary={}, publish=publish)


def _with_known_identity(stored: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the profile of a source whose rows go on without identifiers if they had none in the files before."""
    columns = stored.get("columns")
    if columns is None or kind not in KINDS:
        return stored
    return stored | {"columns": {KINDS[kind].identifier.name: ""} | columns}


def _require_some(file: TableFile, loaded: Loaded) -> None:
    counts = loaded.counts
    if counts.quarantined < counts.rows_read:
        return
    reasons = ", ".join(f"{code}: {n:,}" for code, n in loaded.reasons.items())
    raise ImportRefusedError(
        f"{file.name}: none of its {counts.rows_read:,} rows can be taken in ({reasons}).",
        "Check the coordinate system, the columns and the municipality; nothing was stored.",
        reasons=loaded.reasons,
    )


def _growing_file(session: Session, batch: Batch) -> list[Notice]:
    """Warn where rows of a source without identifiers were stored from other files before."""
    others = repository.count_other_files(session, batch.municipality_id, batch.source_id, batch.sha256)
    if not others:
        return []
    return [
        Notice(
            "no_identifiers",
            f"The source has no identifiers and {others:,} rows of other files are stored: rows that those files hold "
            "too are stored twice now. Map an identifier (--map external_id=COLUMN) or import each period once.",
        )
    ]


def _say_nothing(_fraction: float, _message: str) -> None:
    """Take progress without showing it."""
