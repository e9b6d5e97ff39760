"""Any two plans side by side: who moves, who keeps the officer, how the work shifts; names of beats do not matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from analysis.beats.pairing import cheapest_pairing
from analysis.beats.problem import BeatProblem
from analysis.errors import ParameterError, UnitsError

Labels = NDArray[np.int64]
Officers = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class PlanComparison:
    """What changes from one plan to another.

    Attributes
    ----------
    continues : dict of str to (str or None)
        For each beat of the later plan the earlier one that it continues, None for a new one.
    ended : tuple of str
        Beats of the earlier plan that none continues.
    moved_units, moved_residents : int
        Units, and residents, whose beat is not the one that continues theirs.
    moved_unit_ids : tuple
        Those units.
    kept_officer_residents : int or None
        Residents with the same officer in both plans, None where officers are not given.
    beats : DataFrame
        One row for each beat of either plan: ``beat_before``, ``beat_after`` (None for none), residents and workload
        before and after, ``residents_in``, ``residents_out``, and ``officer_before``, ``officer_after``.
    officers : DataFrame
        One row for each officer: ``officer_id``, ``beat_before``, ``beat_after``, ``residents_before``,
        ``residents_after``, ``residents_kept``, ``changes`` (whether at most half of those served before stay).
    workload_cv_before, workload_cv_after : float
        Variation of the workload between beats.
    """

    continues: dict[str, str | None]
    ended: tuple[str, ...]
    moved_units: int
    moved_residents: int
    moved_unit_ids: tuple[Any, ...]
    kept_officer_residents: int | None
    beats: pd.DataFrame
    officers: pd.DataFrame
    workload_cv_before: float
    workload_cv_after: float


@dataclass(frozen=True, eq=False)
class _Side:
    """One of the two plans."""

    names: tuple[str, ...]
    beat: Labels
    residents: NDArray[np.float64]
    workload: NDArray[np.float64]
    officers: Officers

    @property
    def workload_cv(self) -> float:
        """Variation of the workload between beats."""
        mean = float(self.workload.mean()) if len(self.workload) else 0.0
        return float(self.workload.std() / mean) if mean > 0 else 0.0

    def officer_of_unit(self) -> NDArray[np.object_]:
        """Return the officer of each unit, None for none."""
        officers = [self.officers.get(name) for name in self.names]
        return np.array([*officers, None], dtype=object)[self.beat]


def compare_plans(
    problem: BeatProblem,
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    officers_before: Officers | None = None,
    officers_after: Officers | None = None,
) -> PlanComparison:
    """Compare two plans for the same units.

    Parameters
    ----------
    problem : BeatProblem
        The units with residents and workload.
    before, after : DataFrame
        ``unit_id`` and ``beat_id`` (missing for none), like ``assignments`` of a plan.
    officers_before, officers_after : mapping of str to object, optional
        Officer of each beat, None or absent for a vacancy.

    Returns
    -------
    PlanComparison

    Raises
    ------
    UnitsError
        When a column is missing.
    ParameterError
        Naming a unit that is unknown or occurs twice.

    Notes
    -----
    Beats are paired such that as many residents as possible are in both beats of a pair, so that renumbering alone
    moves nobody. Units without a beat in either plan do not count as moved.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from analysis.beats.problem import beat_problem
    >>> squares = [shapely.box(x, 0, x + 100, 100) for x in range(0, 400, 100)]
    >>> frame = gpd.GeoDataFrame({"people": [2000] * 4}, geometry=squares, crs="EPSG:32634")
    >>> before = pd.DataFrame({"unit_id": range(4), "beat_id": ["A", "A", "B", "B"]})
    >>> after = pd.DataFrame({"unit_id": range(4), "beat_id": ["1", "1", "1", "2"]})
    >>> found = compare_plans(beat_problem(frame, residents="people"), before, after)
    >>> found.continues, found.moved_residents
    ({'1': 'A', '2': 'B'}, 2000)
    """
    old = _side(problem, before, "earlier", officers_before or {})
    new = _side(problem, after, "later", officers_after or {})
    overlap = _overlap(problem, old, new)
    partner = _partners(overlap)
    stays = np.append(partner, -2)[new.beat] == old.beat
    moved = np.flatnonzero((old.beat >= 0) & (new.beat >= 0) & ~stays)
    kept = None
    if officers_before is not None and officers_after is not None:
        one, two = old.officer_of_unit(), new.officer_of_unit()
        same = np.array([a is not None and a == b for a, b in zip(one, two, strict=True)], np.bool_)
        kept = int(problem.residents[same].sum())
    return PlanComparison(
        continues={name: old.names[partner[own]] if partner[own] >= 0 else None for own, name in enumerate(new.names)},
        ended=tuple(name for own, name in enumerate(old.names) if own not in set(partner.tolist())),
        moved_units=len(moved),
        moved_residents=int(problem.residents[moved].sum()),
        moved_unit_ids=tuple(problem.unit_ids[moved].tolist()),
        kept_officer_residents=kept,
        beats=_beat_table(old, new, partner, overlap),
        officers=_officer_table(problem, old, new),
        workload_cv_before=old.workload_cv,
        workload_cv_after=new.workload_cv,
    )


def _side(problem: BeatProblem, plan: pd.DataFrame, which: str, officers: Officers) -> _Side:
    """Read one plan."""
    for column in ("unit_id", "beat_id"):
        if column not in plan.columns:
            raise UnitsError(f"The {which} plan has no column '{column}'.", "Give unit_id and beat_id.")
    place = problem.row_of_unit
    rows = np.array([place.get(str(unit), -1) for unit in plan["unit_id"].tolist()], np.int64)
    unknown = np.flatnonzero(rows < 0)
    twice = np.flatnonzero(pd.Series(rows).duplicated())
    for at, why in ((unknown, "does not exist"), (twice, "occurs twice")):
        if len(at):
            unit = plan["unit_id"].iloc[at[0]]
            raise ParameterError(f"Unit '{unit}' of the {which} plan (row {at[0] + 1}) {why}.", "Correct the plan.")
    held = plan["beat_id"].notna().to_numpy()
    codes, names = pd.factorize(plan["beat_id"].to_numpy(dtype=object)[held].astype(str), sort=True)
    beat = np.full(problem.n_units, -1, np.int64)
    beat[rows[held]] = codes
    inside = beat >= 0
    residents, workload = (
        np.bincount(beat[inside], values[inside], minlength=len(names)).astype(np.float64)
        for values in (problem.residents, problem.workload)
    )
    return _Side(tuple(str(name) for name in names), beat, residents, workload, officers)


def _overlap(problem: BeatProblem, old: _Side, new: _Side) -> csr_array:
    """Return the residents in each beat of the later plan and each of the earlier one, shape (later, earlier).

    A thousandth of a resident for each unit decides between empty ones.
    """
    both = (old.beat >= 0) & (new.beat >= 0)
    people = problem.residents[both] + 1e-3
    shape = (len(new.names), len(old.names))
    return csr_array(coo_array((people, (new.beat[both], old.beat[both])), shape=shape))


def _partners(overlap: csr_array) -> Labels:
    """Return the earlier beat that each later one continues, -1 for none."""
    later, earlier = overlap.shape
    found = cheapest_pairing(np.zeros((later, 1)), np.zeros(earlier, np.int64), (-overlap).tocoo())
    common = np.array([overlap[row, column] if column >= 0 else 0.0 for row, column in enumerate(found)])
    return np.where(common > 0, found, -1).astype(np.int64)


def _beat_table(old: _Side, new: _Side, partner: Labels, overlap: csr_array) -> pd.DataFrame:
    """Return one row for each beat of either plan."""
    ended = np.setdiff1d(np.arange(len(old.names)), partner)
    before = np.concatenate([partner, ended]).astype(np.int64)
    after = np.concatenate([np.arange(len(new.names)), np.full(len(ended), -1)]).astype(np.int64)
    common = [
        round(float(overlap[row, column])) if row >= 0 and column >= 0 else 0
        for row, column in zip(after.tolist(), before.tolist(), strict=True)
    ]
    columns: dict[str, Any] = {}
    for word, side, own in (("before", old, before), ("after", new, after)):
        names = np.array([*side.names, None], dtype=object)
        columns[f"beat_{word}"] = pd.Series(names[own], dtype=object)
        columns[f"residents_{word}"] = np.append(side.residents, 0.0)[own].round().astype(np.int64)
        columns[f"workload_{word}"] = np.append(side.workload, 0.0)[own]
        held = [side.officers.get(name) if name is not None else None for name in names[own]]
        columns[f"officer_{word}"] = pd.Series(held, dtype=object)
    table = pd.DataFrame(columns)
    table["residents_in"] = table.residents_after - common
    table["residents_out"] = table.residents_before - common
    return table


def _officer_table(problem: BeatProblem, old: _Side, new: _Side) -> pd.DataFrame:
    """Return one row for each officer of either plan."""
    one, two = old.officer_of_unit(), new.officer_of_unit()
    before = {officer: name for name, officer in old.officers.items() if officer is not None}
    after = {officer: name for name, officer in new.officers.items() if officer is not None}
    people = pd.DataFrame({"one": pd.Series(one, dtype=object), "two": pd.Series(two, dtype=object)})
    people["residents"] = problem.residents
    served, serves = people.groupby("one").residents.sum(), people.groupby("two").residents.sum()
    kept = people[people.one.notna() & (people.one == people.two)].groupby("one").residents.sum()
    rows = [
        {
            "officer_id": officer,
            "beat_before": before.get(officer),
            "beat_after": after.get(officer),
            "residents_before": int(served.get(officer, 0)),
            "residents_after": int(serves.get(officer, 0)),
            "residents_kept": int(kept.get(officer, 0)),
        }
        for officer in sorted({*before, *after}, key=str)
    ]
    names = ["officer_id", "beat_before", "beat_after", "residents_before", "residents_after", "residents_kept"]
    table = pd.DataFrame(rows, columns=names).astype({"beat_before": object, "beat_after": object})
    table["changes"] = 2 * table.residents_kept <= table.residents_before
    return table
