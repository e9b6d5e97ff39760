"""Reading what an analysis asks for from the database."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from analysis.grids.cell_grid import CellCounts
from analysis.grids.square import SquareGrid, square_grid
from analysis.places.point_mass import LEAST_EVENTS, LEAST_SHARE
from app.analyses.computing.cells import cell_size
from app.analyses.inputs import AnalysisInput, Counted
from app.analyses.parameters.area import AreaParameters, GridParameters, Needs
from app.analyses.town import read_town
from app.areal_units import service as areal_units
from app.events import service as events
from app.municipalities.context import MunicipalityContext
from app.streets import service as streets

COUNTED_FROM = 200_000
"""More events than this are counted in the database, where counts are all it takes; fewer are read as quickly."""


def read_input(session: Session, municipality: MunicipalityContext, parameters: AreaParameters) -> AnalysisInput:
    """Read the events and whatever else the parameters need.

    Raises
    ------
    InvalidInputError
        No such category or source, no event matches, or there are no units or streets where they are needed.
    """
    needs = parameters.needs()
    given = None if parameters.study_area is None else parameters.study_area.model_dump(mode="json")
    area = events.read_study_area(session, municipality, given)
    empty = np.zeros(0)
    frame = AnalysisInput(empty, empty, area.crs, area.iloc[0], municipality.time_zone)
    if needs.counts_only and isinstance(parameters, GridParameters):
        counted = _counted(session, municipality, parameters, frame)
        if counted is not None:
            return counted
    selected = events.read_events(
        session,
        municipality,
        parameters,
        with_times=needs.times,
        weights=needs.weights,
        may_lack=needs.may_lack_events,
    )
    found = dataclasses.replace(
        frame,
        x=selected.x,
        y=selected.y,
        times=selected.times,
        weights=selected.weights,
        weighed_by="" if needs.weights is None else needs.weights.in_words,
        first_day=selected.first_day,
        last_day=selected.last_day,
        excluded=selected.excluded,
    )
    if given is not None and needs.clipped:
        found = found.in_study_area()
    if parameters.exclude_point_masses:
        found = found.without_point_masses()
    within = None if given is None else area.iloc[0]
    found = dataclasses.replace(found, town=read_town(session, municipality, needs, within))
    return _with_layers(session, municipality, parameters, needs, found, within)


def _with_layers(
    session: Session,
    municipality: MunicipalityContext,
    parameters: AreaParameters,
    needs: Needs,
    found: AnalysisInput,
    within: BaseGeometry | None,
) -> AnalysisInput:
    """Return the input with units, streets and the other events, where they are needed."""
    if needs.units:
        units = areal_units.read_units(session, municipality, parameters.units_source)
        if within is not None:
            units = units[units.representative_point().within(within)].reset_index(drop=True)
        found = dataclasses.replace(found, units=units)
    if needs.streets:
        lines = streets.read_streets(session, municipality)
        if within is not None:
            lines = lines[lines.intersects(within)].reset_index(drop=True)
        found = dataclasses.replace(found, streets=lines)
    if needs.base is not None:
        alike = needs.weights if needs.base.events == parameters.events else None
        other = events.read_events(session, municipality, needs.base, weights=alike)
        base = dataclasses.replace(
            found,
            x=other.x,
            y=other.y,
            weights=other.weights,
            excluded={},
            notices=(),
            first_day=other.first_day,
            last_day=other.last_day,
        )
        found = dataclasses.replace(found, base=base)
    return found


def _counted(
    session: Session, municipality: MunicipalityContext, parameters: GridParameters, frame: AnalysisInput
) -> AnalysisInput | None:
    """Return counts instead of events; None where there are few, or where a point mass may have to be told."""
    n = 0 if parameters.cell_m is not None else events.count_events(session, municipality, parameters)
    if parameters.cell_m is None and n < COUNTED_FROM:
        return None
    cell_m, rule = cell_size(frame, parameters.cell_m, n)
    grid = square_grid(frame.study_area, cell_m, crs=frame.crs, origin_m=parameters.origin_m)
    found = events.count_in_cells(session, municipality, parameters, _edges(grid))
    inside = np.where(grid.inside, found.counts, 0)
    if found.n < COUNTED_FROM or not inside.any():
        return None
    if _may_hold_point_mass(session, municipality, parameters, grid, found):
        return None
    counted = Counted(grid, CellCounts(inside, found.n - int(inside.sum())), rule)
    return dataclasses.replace(
        frame, counted=counted, excluded=found.excluded, first_day=found.first_day, last_day=found.last_day
    )


def _edges(grid: SquareGrid) -> events.Edges:
    """Return the borders of columns and rows, by the arithmetic of `analysis.grids.cells`."""
    columns, rows = (np.arange(n + 1, dtype=np.float64) for n in (grid.n_columns, grid.n_rows))
    return events.Edges(grid.origin_x + columns * grid.cell_m, grid.origin_y + rows * grid.cell_m)


def _may_hold_point_mass(
    session: Session,
    municipality: MunicipalityContext,
    parameters: GridParameters,
    grid: SquareGrid,
    found: events.CellCounts,
) -> bool:
    """Tell whether one coordinate holds so many events that it may be a point mass; only a full part of a cell can."""
    least = max(LEAST_EVENTS, LEAST_SHARE * found.n)
    if found.beyond >= least:
        return True
    row, column = np.nonzero(found.most_at_one >= least)
    if not row.size:
        return False
    edges = _edges(grid)
    full = np.column_stack([edges.x[column], edges.y[row], edges.x[column + 1], edges.y[row + 1]])
    return events.largest_pile(session, municipality, parameters, full) >= least


def fingerprint(found: AnalysisInput) -> str:
    """Return the SHA-256 of what entered: events or their counts, times, study area, layers of the town, others."""
    parts: list[object] = [found.x, found.y, b"" if found.study_area is None else shapely.to_wkb(found.study_area)]
    if found.counted is not None:
        parts.append(found.counted.cells.counts)
    if found.weights is not None:
        parts.append(found.weights)
    if found.times is not None:
        parts += [found.times.begin.asi8, found.times.end.asi8, "\n".join(found.times.precision.tolist())]
    for layer in (found.units, found.streets, *found.town.frames):
        if isinstance(layer, gpd.GeoDataFrame):
            parts += [layer.drop(columns="geometry").to_csv(index=False), *shapely.to_wkb(layer.geometry.to_numpy())]
        elif layer is not None:
            parts.append(layer.to_csv(index=False))
    parts += found.town.others.values()
    if found.base is not None:
        parts += [found.base.x, found.base.y]
        if found.base.weights is not None:
            parts.append(found.base.weights)
    return events.fingerprint(*parts)  # type: ignore[arg-type]
