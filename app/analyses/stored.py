"""The stored result of a run as maps, charts and reports take it, and who may see it."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session

from analysis.summary import Notice, Summary
from app.access import PURPOSE_HEADER, Access, grant
from app.analyses import service
from app.analyses.results import LayerInfo
from app.database.looks import note_look
from app.deferred import gpd, pd
from app.errors import NotFoundError
from app.identity.rights import right_of
from app.municipalities.context import MunicipalityContext
from app.runs.service import AnalysisRun

_SUMMARY = ("method", "n_used", "excluded", "crs", "study_area_km2", "reading", "seed", "software", "parameters")


def check_exact_places(request: Request, session: Session, municipality: MunicipalityContext, run: AnalysisRun) -> None:
    """Refuse a run whose main layer tells where single events happened to those who have no right to that.

    Raises
    ------
    ForbiddenError
        The caller has no right to exact results, or names no purpose.
    """
    layers = service.layers_of(run.kind, run.summary)
    if not layers or not layers[0].exact_places:
        return
    purpose = request.headers.get(PURPOSE_HEADER)
    access: Access = request.state.access
    grant(access.caller, right_of("exact-results", "read"), municipality.code, purpose)
    note_look(session, "exact-results", 1, run.id, run.id)


def stored_layers(
    session: Session, municipality: MunicipalityContext, run: AnalysisRun, *, most: int | None = None
) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of a run by name, the main one first, WGS 84.

    Parameters
    ----------
    session : Session
    municipality : MunicipalityContext
    run : AnalysisRun
        Whose exact places the caller may see (`check_exact_places`).
    most : int, optional
        Layers to read; all by default.
    """
    layers = service.layers_of(run.kind, run.summary)
    if layers and not layers[0].exact_places:
        layers = tuple(layer for layer in layers if not layer.exact_places)
    return {layer.name: _frame(session, municipality, run, layer) for layer in layers[:most]}


def _frame(session: Session, municipality: MunicipalityContext, run: AnalysisRun, layer: LayerInfo) -> gpd.GeoDataFrame:
    """Return the features of a layer with all its columns, also where it has no feature."""
    frame = service.layer_frame(session, municipality, run, layer)
    return frame if len(frame) else frame.assign(**{name: pd.Series(dtype="float64") for name in layer.columns})


def stored_tables(session: Session, municipality: MunicipalityContext, run: AnalysisRun) -> dict[str, pd.DataFrame]:
    """Return the tables of a run by name."""
    names = service.tables_of(run.summary)
    return {name: service.result_table(session, municipality, run, name) for name in names}


def stored_summary(run: AnalysisRun) -> Summary:
    """Return the account of a run.

    Raises
    ------
    NotFoundError
        It has none, as an import.
    """
    told: dict[str, Any] = run.summary or {}
    if "method" not in told:
        raise NotFoundError(f"Run {run.id} has no charts and no report: its kind is {run.kind}.", "Its summary tells.")
    warnings = tuple(Notice(**warning) for warning in told.get("warnings", ()))
    return Summary(**{name: told[name] for name in _SUMMARY if name in told}, warnings=warnings)
