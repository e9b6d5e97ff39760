"""What density and hot spots both ask of events on a grid."""

from __future__ import annotations

from analysis.errors import CoordinateError, EmptyInputError
from analysis.grids.cell_grid import CellGrid
from analysis.places.point_mass import point_mass_notice
from analysis.projection import FloatArray, looks_like_degrees
from analysis.summary import Notice

FEW_EVENTS = 30


def check_some_inside(x: FloatArray, y: FloatArray, grid: CellGrid, outside: int) -> None:
    """Refuse events that all lie outside the study area.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        Metres.
    grid : SquareGrid or HexagonGrid
    outside : int
        Events in no cell of the grid.

    Raises
    ------
    CoordinateError
        They are degrees.
    EmptyInputError
        They lie elsewhere.
    """
    if outside < x.size:
        return
    left, bottom, right, top = grid.bounds
    extents = (
        f"The events reach from {x.min():,.6g}, {y.min():,.6g} to {x.max():,.6g}, {y.max():,.6g}, "
        f"the study area from {left:,.6g}, {bottom:,.6g} to {right:,.6g}, {top:,.6g}."
    )
    if looks_like_degrees(x, y) and not looks_like_degrees((left, right), (bottom, top)):
        raise CoordinateError(
            f"The events look like degrees, the grid is in metres. {extents}", "Project the events to the grid's CRS."
        )
    raise EmptyInputError(
        f"None of {x.size:,} events lies in the study area. {extents}", "Check that both are in the same CRS."
    )


def events_notices(x: FloatArray, y: FloatArray, grid: CellGrid, n_used: int) -> tuple[Notice, ...]:
    """Warn of what makes any map of these events doubtful.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
        All events, metres.
    grid : SquareGrid or HexagonGrid
    n_used : int
        Events that entered the map.

    Returns
    -------
    tuple of Notice
        ``few_events``, ``no_study_area``, ``point_mass``, where they apply.
    """
    notices = count_notices(grid, n_used)
    mass = point_mass_notice(x, y)
    return (*notices, mass) if mass else notices


def count_notices(grid: CellGrid, n_used: int) -> tuple[Notice, ...]:
    """Warn of what makes a map doubtful as far as the counts of its cells tell.

    Parameters
    ----------
    grid : SquareGrid or HexagonGrid
    n_used : int
        Events that entered the map.

    Returns
    -------
    tuple of Notice
        ``few_events``, ``no_study_area``, where they apply.
    """
    notices = []
    if n_used < FEW_EVENTS:
        notices.append(Notice("few_events", f"Only {n_used} events were used: the map may change with a few more."))
    if grid.from_points:
        notices.append(
            Notice(
                "no_study_area",
                "No study area was given: the bounding rectangle of the events was taken. The mean and the "
                "significance of cells depend on that rectangle; give the boundary of the place instead.",
            )
        )
    return tuple(notices)
