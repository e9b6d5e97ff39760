"""Use cases of densities and hot spots: do a run, read its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import shapely
from sqlalchemy.orm import Session

from app.database.feature_pages import Bbox, FeaturePage, FeatureQuery
from app.database.sessions import Database
from app.events import service as events
from app.events.schemas import GridParameters
from app.hot_spots import repository
from app.hot_spots.computing import GridInput, GridResult, compute_density, compute_hot_spots
from app.hot_spots.repository import DENSITY, HOT_SPOTS, MOST_CELLS, ResultLayer
from app.hot_spots.schemas import DensityParameters, HotSpotParameters
from app.jobs.handlers import ClaimedRun, ReportProgress, RunResult
from app.municipalities import service as municipalities
from app.municipalities.context import MunicipalityContext

__all__ = [
    "COLLECTIONS",
    "LAYER_OF_KIND",
    "execute_density",
    "execute_hot_spots",
    "input_fingerprint",
    "result_features",
    "result_frame",
    "whole_result",
]

COLLECTIONS = (repository.collection_of(HOT_SPOTS), repository.collection_of(DENSITY))
"""The result layers, as the API document describes them."""

LAYER_OF_KIND: dict[str, ResultLayer] = {"kernel-density": DENSITY, "getis-ord": HOT_SPOTS}


def execute_density(database: Database, run: ClaimedRun, report: ReportProgress) -> RunResult:
    """Do a run of the kind ``kernel-density``."""
    parameters = DensityParameters.model_validate(run.parameters)

    def compute(found: GridInput) -> GridResult:
        return compute_density(
            found,
            kernel=parameters.kernel,
            radius_m=parameters.radius_m,
            sigma_m=parameters.sigma_m,
            cell_m=parameters.cell_m,
            origin_m=parameters.origin_m,
        )

    return _execute(database, run, report, parameters, compute)


def execute_hot_spots(database: Database, run: ClaimedRun, report: ReportProgress) -> RunResult:
    """Do a run of the kind ``getis-ord``."""
    parameters = HotSpotParameters.model_validate(run.parameters)

    def compute(found: GridInput) -> GridResult:
        return compute_hot_spots(
            found, correction=parameters.correction, cell_m=parameters.cell_m, origin_m=parameters.origin_m
        )

    return _execute(database, run, report, parameters, compute)


def input_fingerprint(session: Session, municipality: MunicipalityContext, parameters: GridParameters) -> str:
    """Return the fingerprint that a run with these parameters would have now."""
    found, _ = _read_input(session, municipality, parameters)
    return _fingerprint(found)


def whole_result(bbox: Bbox | None = None) -> FeatureQuery:
    """Return the query for all features of a result, or for those that meet a rectangle."""
    return FeatureQuery(limit=MOST_CELLS, after=-1, bbox=bbox)


def result_features(
    session: Session, municipality: MunicipalityContext, kind: str, run_id: int, query: FeatureQuery
) -> FeaturePage:
    """Return cells of the result of a run as GeoJSON text."""
    return repository.read_cells_as_geojson(session, LAYER_OF_KIND[kind], municipality.id, run_id, query)


def result_frame(session: Session, municipality: MunicipalityContext, kind: str, run_id: int) -> gpd.GeoDataFrame:
    """Return the cells of the result of a run, WGS 84."""
    return repository.read_cells(session, LAYER_OF_KIND[kind], municipality.id, run_id)


def _execute(
    database: Database,
    run: ClaimedRun,
    report: ReportProgress,
    parameters: GridParameters,
    compute: Callable[[GridInput], GridResult],
) -> RunResult:
    report(0.05, "reading events")
    with database.transaction() as session:
        municipality = municipalities.find_municipality(session, run.municipality_code)
        found, about = _read_input(session, municipality, parameters)
    report(0.3, f"computing over {len(found.x):,} events")
    result = compute(found)
    report(0.8, f"storing {len(result.frame):,} cells")

    def publish(session: Session) -> dict[str, Any]:
        repository.write_cells(session, LAYER_OF_KIND[run.kind], run.municipality_id, run.id, result.frame)
        return {"cells": len(result.frame)}

    return RunResult({**result.summary.to_dict(), **about}, _fingerprint(found), publish)


def _read_input(
    session: Session, municipality: MunicipalityContext, parameters: GridParameters
) -> tuple[GridInput, dict[str, Any]]:
    selected = events.read_events(session, municipality, parameters)
    given = None if parameters.study_area is None else parameters.study_area.model_dump(mode="json")
    area = events.read_study_area(session, municipality, given)
    found = GridInput(selected.x, selected.y, area.crs, area.iloc[0], selected.excluded)
    if parameters.exclude_point_masses:
        found = found.without_point_masses()
    return found, {"events": parameters.events, "period": selected.period}


def _fingerprint(found: GridInput) -> str:
    area = b"" if found.study_area is None else shapely.to_wkb(found.study_area)
    return events.fingerprint(found.x, found.y, area)
