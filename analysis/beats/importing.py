"""Plans from a table of units and beats: every row is checked, and the plan is shown before anything is stored."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.beats.integrity import Check, integrity_checks
from analysis.beats.problem import BeatProblem
from analysis.errors import UnitsError

Labels = NDArray[np.int64]

UNKNOWN_UNIT = "unknown_unit"
MISSING_UNIT = "missing_unit"
MISSING_BEAT = "missing_beat"
REPEATED_UNIT = "repeated_unit"


@dataclass(frozen=True)
class RowError:
    """What is wrong with one row.

    Attributes
    ----------
    row : int
        Number of the row, 1 for the first below the header.
    code : str
        ``unknown_unit``, ``missing_unit``, ``missing_beat`` or ``repeated_unit``.
    message, hint : str
        What is wrong and what to do.
    """

    row: int
    code: str
    message: str
    hint: str

    def to_dict(self) -> dict[str, Any]:
        """Return the error as plain values."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, eq=False)
class ImportPreview:
    """What a table would do.

    Attributes
    ----------
    errors : tuple of RowError
        Rows at fault, in the order of the table; such rows are not used.
    beat_of_unit : ndarray of int64, shape (n,)
        Position in ``beat_ids`` of the beat of each unit, -1 where no good row names it.
    beat_ids : tuple of str
        Beats in the order in which they appear first.
    missing : tuple
        Units that no good row names.
    checks : tuple of Check
        The six integrity checks of the good rows.
    """

    errors: tuple[RowError, ...]
    beat_of_unit: Labels
    beat_ids: tuple[str, ...]
    missing: tuple[Any, ...]
    checks: tuple[Check, ...]

    @property
    def complete(self) -> bool:
        """Whether every row is good and every unit has a beat."""
        return not self.errors and not self.missing


def preview_assignments(problem: BeatProblem, table: pd.DataFrame) -> ImportPreview:
    """Read a plan from a table.

    Parameters
    ----------
    problem : BeatProblem
        The task, with the units that the plan is for.
    table : DataFrame
        ``unit_id`` and ``beat_id``; whole numbers that were read as 12.0 count as "12".

    Returns
    -------
    ImportPreview
        For an editor or :func:`analysis.beats.drawn.drawn_plan`.

    Raises
    ------
    UnitsError
        When a column is missing.

    Notes
    -----
    Of a unit in several rows the first counts, and each further row is an error that names the first.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from analysis.beats.problem import beat_problem
    >>> squares = [shapely.box(x, 0, x + 100, 100) for x in range(0, 400, 100)]
    >>> frame = gpd.GeoDataFrame({"people": [2000] * 4}, geometry=squares, crs="EPSG:32634")
    >>> table = pd.DataFrame({"unit_id": [0, 1, 2, 9], "beat_id": ["A", "A", "B", "B"]})
    >>> preview = preview_assignments(beat_problem(frame, residents="people"), table)
    >>> preview.errors[0].message, preview.missing
    ("Row 4: there is no unit '9'.", (3,))
    """
    for column in ("unit_id", "beat_id"):
        if column not in table.columns:
            present = ", ".join(str(name) for name in table.columns)
            raise UnitsError(f"The table has no column '{column}'.", f"Columns present: {present or 'none'}.")
    place, errors = problem.row_of_unit, []
    beat_of_unit = np.full(problem.n_units, -1, np.int64)
    code: dict[str, int] = {}
    used_in: dict[int, int] = {}
    rows = zip(_texts(table["unit_id"]), _texts(table["beat_id"]), strict=True)
    for number, (unit, beat) in enumerate(rows, start=1):
        at = place.get(unit, -1)
        error = _row_error(number, unit, beat, at, used_in)
        if error is not None:
            errors.append(error)
            continue
        used_in[at] = number
        beat_of_unit[at] = code.setdefault(beat, len(code))
    names = tuple(code)
    good = pd.DataFrame(
        {
            "unit_id": problem.unit_ids,
            "beat_id": pd.Series(np.array([*names, None], dtype=object)[beat_of_unit], dtype=object),
        }
    )
    missing = tuple(problem.unit_ids[beat_of_unit < 0].tolist())
    return ImportPreview(tuple(errors), beat_of_unit, names, missing, integrity_checks(problem, good))


def _row_error(number: int, unit: str, beat: str, at: int, used_in: dict[int, int]) -> RowError | None:
    """Return what is wrong with a row, None when it is good."""
    if not unit:
        return RowError(number, MISSING_UNIT, f"Row {number}: there is no unit id.", "Fill it in, or remove the row.")
    if at < 0:
        return RowError(number, UNKNOWN_UNIT, f"Row {number}: there is no unit '{unit}'.", "Correct the unit id.")
    if not beat:
        return RowError(number, MISSING_BEAT, f"Row {number}: unit '{unit}' has no beat id.", "Fill it in.")
    if at in used_in:
        message = f"Row {number}: unit '{unit}' has a beat already in row {used_in[at]}."
        return RowError(number, REPEATED_UNIT, message, "Keep one of the two rows.")
    return None


def _texts(column: pd.Series) -> list[str]:
    """Return ids as text without spaces around, empty where there is none."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    return ["" if pd.isna(value) else str(value).strip() for value in column.tolist()]
