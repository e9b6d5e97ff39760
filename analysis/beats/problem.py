"""The task of drawing beats: units with residents and workload, their borders, the bounds and the plan in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from analysis.beats import checks
from analysis.beats.adjacency import Contiguity, rook_contiguity
from analysis.beats.conditions import Conditions, Locks, open_and_close, settle_locks
from analysis.beats.graph import BorderRows, Edges, border_rows
from analysis.beats.voronoi import voronoi_cells
from analysis.beats.weights import Weights
from analysis.beats.workload import combined_workload, workload_text
from analysis.summary import Notice


@dataclass(frozen=True)
class Bounds:
    """What a plan must keep to.

    Attributes
    ----------
    min_residents, max_residents : int
        Bounds of one beat.
    beats : int or None
        Number of beats asked for, None to leave it free.
    """

    min_residents: int
    max_residents: int
    beats: int | None


@dataclass(frozen=True, eq=False)
class BeatProblem:
    """A checked task for :func:`analysis.beats.solver.solve_beats`.

    Attributes
    ----------
    unit_ids : ndarray, shape (n,)
        Names of the units.
    polygons : ndarray of Polygon or MultiPolygon, shape (n,)
        Area of each unit in ``crs``.
    residents : ndarray of int64, shape (n,)
        Residents of each unit.
    workload : ndarray of float64, shape (n,)
        Work that each unit causes, in any unit.
    zone : ndarray of int64, shape (n,)
        Side of the hard boundaries that the unit lies on.
    zone_names : tuple of str
        Name of each zone; one zone where there is no hard boundary.
    current : ndarray of int64, shape (n,)
        Beat of the plan in force, -1 for none.
    current_names : tuple of str
        Its beat ids.
    contiguity : Contiguity
        Borders between units.
    bounds : Bounds
        Bounds of one beat and the number of beats.
    weights : Weights
        What counts how much.
    crs : pyproj.CRS
        Projected, in metres.
    columns : dict of str to (str or None)
        Columns that residents, workload, hard boundary and current plan came from.
    notices : tuple of Notice
        What was tolerated in the input.
    locks : Locks
        Units whose beat is settled.
    closed : Edges
        Borders that no beat may grow across although the units touch.
    """

    unit_ids: NDArray[Any]
    polygons: NDArray[np.object_]
    residents: NDArray[np.int64]
    workload: NDArray[np.float64]
    zone: NDArray[np.int64]
    zone_names: tuple[str, ...]
    current: NDArray[np.int64]
    current_names: tuple[str, ...]
    contiguity: Contiguity
    bounds: Bounds
    weights: Weights
    crs: CRS
    columns: dict[str, str | None]
    notices: tuple[Notice, ...]
    locks: Locks
    closed: Edges

    @property
    def n_units(self) -> int:
        """Number of units."""
        return len(self.unit_ids)

    @property
    def min_residents(self) -> int:
        """Fewest residents of a beat."""
        return self.bounds.min_residents

    @property
    def max_residents(self) -> int:
        """Most residents of a beat."""
        return self.bounds.max_residents

    @property
    def beats(self) -> int | None:
        """Number of beats asked for, None when free."""
        return self.bounds.beats

    @cached_property
    def area_m2(self) -> NDArray[np.float64]:
        """Area of each unit in square metres, shape (n,)."""
        areas: NDArray[np.float64] = shapely.area(self.polygons)
        return areas

    @cached_property
    def perimeter_m(self) -> NDArray[np.float64]:
        """Length of the border of each unit in metres, holes included, shape (n,)."""
        lengths: NDArray[np.float64] = shapely.length(self.polygons)
        return lengths

    @cached_property
    def centres(self) -> NDArray[np.float64]:
        """Centroid of each unit in metres, shape (n, 2)."""
        points: NDArray[np.float64] = shapely.get_coordinates(shapely.centroid(self.polygons))
        return points

    @cached_property
    def borders(self) -> BorderRows:
        """Open and closed borders of each unit."""
        return border_rows(self.contiguity.edges, self.closed, self.n_units)

    @cached_property
    def row_of_unit(self) -> dict[str, int]:
        """Position of each unit by the text of its name."""
        return {str(name): row for row, name in enumerate(self.unit_ids.tolist())}


def beat_problem(  # noqa: PLR0913
    units: gpd.GeoDataFrame,
    *,
    residents: str,
    workload: str | Mapping[str, float] | None = None,
    hard_boundary: str | None = None,
    unit_id: str | None = None,
    min_residents: int = 3000,
    max_residents: int = 7000,
    beats: int | None = None,
    current: str | None = None,
    study_area: BaseGeometry | None = None,
    snap_m: float | None = None,
    min_shared_m: float | None = None,
    weights: Weights | None = None,
    conditions: Conditions | None = None,
) -> BeatProblem:
    """Check areal units and find their borders.

    Parameters
    ----------
    units : GeoDataFrame, n rows
        Polygons, or points that stand for areas, in a projected CRS in metres.
    residents : str
        Column with residents, whole numbers.
    workload : str, mapping of str to float or None
        Column with work (incidents, reports, hours), or several with the share of the whole that each stands for;
        without, work is residents.
    hard_boundary, current : str or None
        Columns with the side of a line (municipality) that no beat may cross, and with the beat of the plan in force,
        which residents then keep where possible.
    unit_id : str or None
        Column with unique names; None takes ``unit_id`` where there is such a column, else the index.
    min_residents, max_residents, beats : int, int, int or None
        Bounds of one beat, and the number of beats, free within the bounds where None.
    study_area : Polygon, MultiPolygon or None
        Area that point units are spread over (Voronoi cells); None takes their hull.
    snap_m, min_shared_m, weights, conditions
        Borders: see :func:`analysis.beats.adjacency.rook_contiguity`; what counts how much; bridges and locks.

    Returns
    -------
    BeatProblem

    Raises
    ------
    EmptyInputError, CoordinateError, UnitsError, GeometryError, ParameterError
        Naming the unit, row or column at fault.

    Examples
    --------
    >>> squares = [shapely.box(x, 0, x + 100, 100) for x in range(0, 400, 100)]
    >>> frame = gpd.GeoDataFrame({"people": [2000] * 4}, geometry=squares, crs="EPSG:32634")
    >>> len(beat_problem(frame, residents="people").contiguity.edges.first)
    3
    """
    checks.check_bounds(min_residents, max_residents, beats)
    read = _read_columns(units, residents, workload, hard_boundary, unit_id, current)
    shapes, shape_notices = _areas(checks.check_geometries(units, read.names), study_area)
    touching = rook_contiguity(shapes, read.names, snap_m=snap_m, min_shared_m=min_shared_m)
    settled = conditions or Conditions()
    opened, closed = open_and_close(touching.edges, settled, shapes, read.names, read.zone.codes)
    return BeatProblem(
        unit_ids=read.names,
        polygons=shapes,
        residents=read.residents,
        workload=read.workload,
        zone=read.zone.codes,
        zone_names=read.zone.names,
        current=read.today.codes,
        current_names=read.today.names,
        contiguity=replace(touching, edges=opened),
        bounds=Bounds(int(min_residents), int(max_residents), beats),
        weights=weights or Weights(),
        crs=CRS.from_user_input(units.crs),
        columns=read.columns,
        notices=(*read.notices, *shape_notices, *_border_notices(touching)),
        locks=settle_locks(settled, read.names, read.today.codes, read.today.names),
        closed=closed,
    )


class _Labels(NamedTuple):
    """Label of each unit, -1 for none, and their names."""

    codes: NDArray[np.int64]
    names: tuple[str, ...]


class _Columns(NamedTuple):
    """What the columns of the units say."""

    names: NDArray[Any]
    residents: NDArray[np.int64]
    workload: NDArray[np.float64]
    zone: _Labels
    today: _Labels
    columns: dict[str, str | None]
    notices: list[Notice]


def _read_columns(
    units: gpd.GeoDataFrame,
    residents: str,
    workload: str | Mapping[str, float] | None,
    hard_boundary: str | None,
    unit_id: str | None,
    current: str | None,
) -> _Columns:
    """Check the columns of the units and read them."""
    terms = {workload: 1.0} if isinstance(workload, str) else dict(workload or {})
    checks.check_frame(units, (residents, *terms, hard_boundary, unit_id, current))
    names = checks.unit_names(units, unit_id)
    people = checks.whole_residents(units, residents, names)
    work, notices = _work(units, terms, people, names)
    zone = checks.labels(units, hard_boundary, names, gaps=False)
    today = _Labels(np.full(len(names), -1, np.int64), ())
    if current is not None:
        in_force = checks.labels(units, current, names, gaps=True)
        today = _Labels(in_force.codes.astype(np.int64), tuple(in_force.categories))
    columns = {
        "residents": residents,
        "workload": workload_text(terms),
        "hard_boundary": hard_boundary,
        "current": current,
    }
    sides = _Labels(zone.codes.astype(np.int64), tuple(zone.categories))
    return _Columns(names, people, work, sides, today, columns, notices)


def _work(
    units: gpd.GeoDataFrame, terms: Mapping[str, float], people: NDArray[np.int64], names: NDArray[Any]
) -> tuple[NDArray[np.float64], list[Notice]]:
    """Return the workload of every unit: the residents where there is no other."""
    residents = people.astype(np.float64)
    if not terms:
        return residents, []
    work = combined_workload({column: checks.amounts(units, column, names) for column in terms}, terms)
    if work.any():
        return work, []
    columns = " and ".join(f"'{column}'" for column in terms)
    text = f"Column {columns} is zero everywhere: the beats are evened out by residents instead."
    return residents, [Notice("no_workload", text)]


def _areas(shapes: NDArray[np.object_], study_area: BaseGeometry | None) -> tuple[NDArray[np.object_], list[Notice]]:
    """Return the polygon of every unit: its Voronoi cell where it is a point."""
    if shapely.get_type_id(shapes[0]) != shapely.GeometryType.POINT:
        return shapes, []
    cells = voronoi_cells(shapes, study_area)
    notices = [Notice("point_units", f"{len(shapes):,} units are points: their areas are Voronoi cells.")]
    if cells.moved:
        text = f"{cells.moved:,} point units share their place with another and were moved apart."
        notices.append(Notice("same_place", text))
    if cells.outside:
        text = f"{cells.outside:,} point units lie outside the study area, which was extended around them."
        notices.append(Notice("outside_study_area", text))
    return cells.polygons, notices


def _border_notices(contiguity: Contiguity) -> list[Notice]:
    """Say when small overlaps were tolerated or gaps bridged."""
    notices = []
    if contiguity.slivers:
        text = f"{contiguity.slivers:,} pairs of units overlap by slivers, which are tolerated."
        notices.append(Notice("slivers", text))
    if contiguity.bridged:
        text = f"Most units touch no other: gaps of up to {contiguity.snap_m:.0f} m (streets) count as borders."
        notices.append(Notice("gaps_bridged", text))
    return notices
