"""Hot spots of areal units or places that come with their counts: census blocks, districts, street segments."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from libpysal.graph import Graph
from libpysal.weights import W

from analysis.errors import EmptyInputError, ParameterError, UnitsError
from analysis.events import FEW_EVENTS
from analysis.hot_spots.conditional_permutation import PermutationTails
from analysis.hot_spots.getis_ord import HotSpots
from analysis.hot_spots.hot_spot_reading import (
    bins_of_tails,
    classes_in_words,
    nullable,
    permutation_name,
    statistic_notices,
)
from analysis.hot_spots.libpysal_neighbours import contiguous_neighbours, neighbours_from_libpysal
from analysis.hot_spots.local_statistics import STATISTIC_NAMES, Statistic, local_g, local_moran, neighbour_tails
from analysis.hot_spots.neighbours import Neighbours
from analysis.hot_spots.rates import crude_rates, empirical_bayes
from analysis.hot_spots.significance import Correction, q_values
from analysis.projection import BoolArray, FloatArray, crs_name, require_metres
from analysis.summary import Notice, Summary

Values = Literal["count", "rate", "empirical_bayes", "standardised"]

VALUE_NAMES: dict[Values, str] = {
    "count": "counts",
    "rate": "rates per resident",
    "empirical_bayes": "empirical Bayes rates per resident (Marshall)",
    "standardised": "empirical Bayes standardised rates (Assuncao and Reis)",
}
FEW_RESIDENTS = 50
LEAST_SURE = 0.1
"""q up to which a unit is named in the reading of local Moran's I, as up to which it has a class of Gi*."""


@dataclass(frozen=True)
class _Units:
    """Counts and residents of all units, which of them are compared, and by what value."""

    counts: FloatArray
    residents: FloatArray | None
    used: BoolArray
    values: FloatArray
    kind: Values

    @property
    def events(self) -> int:
        """Events in the units compared."""
        return round(float(self.counts[self.used].sum()))


def hot_spots_of_units(  # noqa: PLR0913
    frame: gpd.GeoDataFrame,
    count: str,
    *,
    residents: str | None = None,
    values: Values | None = None,
    neighbours: Literal["queen", "rook"] | Neighbours | W | Graph = "queen",
    statistic: Statistic = "gi_star",
    correction: Correction = "bh",
    permutations: int | None = None,
    seed: int = 0,
) -> HotSpots:
    """Find units with more (or fewer) events in and around them than chance would put there.

    Parameters
    ----------
    frame : GeoDataFrame, n rows
        Units in a projected CRS in metres: polygons, or any geometry where `neighbours` are given ready made.
    count : str
        Column of events, zero or more.
    residents : str, optional
        Column of residents, zero or more. Units without residents have no rate: they are left out and counted.
    values : {"count", "rate", "empirical_bayes", "standardised"}, optional
        What is compared; by default rates where `residents` are given, else counts. Rates of few residents are mostly
        noise: empirical Bayes draws them towards the overall rate, standardised ones allow for their deviation.
    neighbours : {"queen", "rook"}, Neighbours, libpysal.weights.W or libpysal.graph.Graph
        Contiguity of the polygons, or any made beforehand (`hot_spots.distance_neighbours`, libpysal) for the same
        units: by the index of the frame, or by position.
    statistic : {"gi_star", "gi"}
    correction : {"bh", "by", "bonferroni", "none"}
    permutations : int, optional
        See `analysis.hot_spots.local_statistics.neighbour_tails`.
    seed : int
        Of random permutations, made where values are no whole counts, weights are unequal, or exact p take too long.

    Returns
    -------
    HotSpots
        Frame with the index and the geometry of `frame`: ``count``, ``value`` (what was compared), ``neighbours``
        (their number), ``gi_z``, ``p_value``, ``q_value``, ``gi_bin``, ``moran_i``, ``moran_z``, ``quadrant`` (HH, LL,
        HL, LH), ``reason`` (why there is no z of Gi). Null where there is none; never NaN. One p and q serve Gi, Gi*
        and local Moran's I, which differ in z and in reading.

    Raises
    ------
    CoordinateError, GeometryError
        The CRS is missing or not in metres; contiguity of what is no valid polygon.
    UnitsError, ParameterError
        A column is missing or holds no count; an unknown option, rates without residents, one unit, other neighbours.
    EmptyInputError, ZeroVarianceError, TooFewEventsError
        No unit, event or resident; every unit holds the same value; two units.

    Examples
    --------
    >>> import shapely
    >>> units = [shapely.box(100 * i, 0, 100 * i + 100, 100) for i in range(30)]
    >>> town = gpd.GeoDataFrame({"thefts": [9, 8, 9] + [0, 1, 0] * 9}, geometry=units, crs="EPSG:32616")
    >>> found = hot_spots_of_units(town, "thefts", correction="none").frame
    >>> found["gi_bin"].head(4).tolist(), found["quadrant"].head(4).tolist()
    ([0, 3, 0, 0], ['HH', 'HH', 'HH', 'LH'])
    """
    require_metres(frame.crs)
    units = _compared(frame, count, residents, values)
    around = _neighbours(frame, neighbours).among(units.used)
    tails = neighbour_tails(units.values[units.used], around, permutations=permutations, seed=seed)
    result, reason = _frame(frame, units, around, tails, statistic, correction)
    described = {"count": count, "residents": residents, "neighbours": around.name, "correction": correction}
    sentence = classes_in_words(result["gi_bin"].to_numpy(), correction, STATISTIC_NAMES[statistic], tails)
    told = dataclasses.replace(
        _summary(frame, units, tails, described, f"{sentence} {moran_in_words(result)}"),
        method=STATISTIC_NAMES[statistic],
        warnings=(*_value_notices(units), *statistic_notices(reason[units.used], tails, "unit")),
        seed=None if tails.permutations is None else seed,
    )
    return HotSpots(result, told, reason)


def _summary(
    frame: gpd.GeoDataFrame, units: _Units, tails: PermutationTails, described: dict[str, Any], sentence: str
) -> Summary:
    """Return how the map was made, but for the statistic."""
    compared = {"units": len(frame), "units_compared": int(units.used.sum()), "values": VALUE_NAMES[units.kind]}
    left_out = {} if units.used.all() else {"no_residents": round(float(units.counts[~units.used].sum()))}
    return Summary(
        method="",
        parameters={**compared, **described, "p_value": permutation_name(tails, "unit")},
        n_used=units.events,
        excluded=left_out,
        crs=crs_name(frame.crs),
        study_area_km2=float(frame.geometry.area.sum()) / 1e6,
        reading=_reading(units, sentence),
    )


def _reading(units: _Units, sentence: str) -> str:
    """Say in plain language what the map shows."""
    return (
        f"Of {int(units.used.sum()):,} units, {sentence} {units.events:,} events were used, as "
        f"{VALUE_NAMES[units.kind]}. A hot spot is a unit whose surroundings hold higher values than a random "
        "arrangement of the same values over the other units would put there."
    )


def moran_in_words(frame: gpd.GeoDataFrame) -> str:
    """Say what local Moran's I makes of the units whose q is at most 0.1.

    Parameters
    ----------
    frame : GeoDataFrame
        With ``q_value``, ``moran_z`` and ``quadrant``, as `hot_spots_of_units` returns it.

    Returns
    -------
    str

    Examples
    --------
    >>> found = gpd.GeoDataFrame({"q_value": [0.01, 0.5], "moran_z": [3.0, 0.1], "quadrant": ["HH", "LL"]})
    >>> moran_in_words(found)[:83]
    "By local Moran's I, of the units with a q of at most 0.1, 1 are high among high and"
    """
    sure = (frame["q_value"] <= LEAST_SURE).fillna(value=False) & frame["moran_z"].notna()
    some = frame.loc[sure, "quadrant"].value_counts()
    high, low, high_alone, low_alone = (int(some.get(code, 0)) for code in ("HH", "LL", "HL", "LH"))
    return (
        f"By local Moran's I, of the units with a q of at most {LEAST_SURE:g}, {high:,} are high among high and "
        f"{low:,} low among low; outliers are {high_alone:,} high among low and {low_alone:,} low among high."
    )


def _neighbours(frame: gpd.GeoDataFrame, neighbours: Any) -> Neighbours:
    """Return neighbours of all units."""
    if isinstance(neighbours, Neighbours):
        if neighbours.n != len(frame):
            raise ParameterError(f"There are {len(frame):,} units and neighbours of {neighbours.n:,}.")
        return neighbours
    if not isinstance(neighbours, str):
        return neighbours_from_libpysal(neighbours, frame.index)
    if neighbours not in {"queen", "rook"}:
        raise ParameterError(f"Unknown neighbours {neighbours!r}.", "Use queen or rook, or make them beforehand.")
    return contiguous_neighbours(frame.geometry, corners=neighbours == "queen")


def _compared(frame: gpd.GeoDataFrame, count: str, residents: str | None, values: Values | None) -> _Units:
    """Return what is compared."""
    kind: Values = values or ("count" if residents is None else "rate")
    if kind not in VALUE_NAMES:
        raise ParameterError(f"Unknown values {kind!r}.", f"Use one of: {', '.join(VALUE_NAMES)}.")
    if len(frame) == 0:
        raise EmptyInputError("There is no unit.", "Check the filters and the file.")
    counts = _column(frame, count)
    if counts.sum() == 0:
        raise EmptyInputError(f"No unit holds an event: column {count!r} is zero.", "Check the column.")
    if residents is None:
        if kind != "count":
            raise ParameterError(f"The {VALUE_NAMES[kind]} need residents.", "Name their column.")
        return _Units(counts, None, np.ones(counts.size, np.bool_), counts, kind)
    people = _column(frame, residents)
    if kind == "count":
        return _Units(counts, people, np.ones(counts.size, np.bool_), counts, kind)
    used = people > 0
    if not used.any():
        raise EmptyInputError(f"No unit has residents: column {residents!r} is zero.", "Check the column.")
    compared = np.zeros(counts.size)
    compared[used] = _rates(counts[used], people[used], kind)
    return _Units(counts, people, used, compared, kind)


def _rates(counts: FloatArray, people: FloatArray, kind: Values) -> FloatArray:
    """Return rates of units with residents."""
    if kind == "rate":
        return crude_rates(counts, people)
    rates = empirical_bayes(counts, people)
    return rates.smoothed if kind == "empirical_bayes" else rates.standardised


def _column(frame: gpd.GeoDataFrame, name: str) -> FloatArray:
    """Return a column of numbers of zero or more."""
    if name not in frame.columns:
        raise UnitsError(f"There is no column {name!r}.", f"There are: {', '.join(map(str, frame.columns))}.")
    numbers: FloatArray = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    bad = ~(np.isfinite(numbers) & (numbers >= 0))
    if bad.any():
        first = int(np.argmax(bad))
        raise UnitsError(
            f"Column {name!r} holds no number of zero or more in {np.count_nonzero(bad):,} units, the first is "
            f"{frame.index[first]!r} with {frame[name].iloc[first]!r}.",
            "Fill in the number, or leave the unit out.",
        )
    return numbers


def _frame(
    frame: gpd.GeoDataFrame,
    units: _Units,
    around: Neighbours,
    tails: PermutationTails,
    statistic: Statistic,
    correction: Correction,
) -> tuple[gpd.GeoDataFrame, npt.NDArray[np.str_]]:
    """Return the columns of the result, and why units have no statistic."""
    held = units.values[units.used]
    local, moran = local_g(held, around, statistic=statistic), local_moran(held, around)
    p, q = tails.two_sided, np.ones(held.size)
    q[local.defined] = q_values(p[local.defined], correction)
    reason = _spread(local.reason, units.used, "no_residents")
    defined, moran_defined = reason == "", _spread(moran.reason, units.used, "no_residents") == ""
    quadrant = _spread(moran.quadrant, units.used, "")
    bins = _spread(bins_of_tails(np.where(local.defined, local.z, 0.0), q, tails), units.used, 0)
    whole = bool((units.counts == np.floor(units.counts)).all())
    data = {
        "count": units.counts.astype(np.int64) if whole else units.counts,
        "value": nullable(units.values, units.used),
        "neighbours": _spread(around.sizes, units.used, 0),
        "gi_z": nullable(_spread(local.z, units.used, 0.0), defined),
        "p_value": nullable(_spread(p, units.used, 1.0), defined),
        "q_value": nullable(_spread(q, units.used, 1.0), defined),
        "gi_bin": bins,
        "moran_i": nullable(_spread(moran.i, units.used, 0.0), moran_defined),
        "moran_z": nullable(_spread(moran.z, units.used, 0.0), moran_defined),
        "quadrant": _nullable_text(quadrant),
        "reason": _nullable_text(reason),
    }
    return gpd.GeoDataFrame(data, geometry=frame.geometry.to_numpy(), index=frame.index, crs=frame.crs), reason


def _spread(values: npt.NDArray[Any], used: BoolArray, other: Any) -> npt.NDArray[Any]:
    """Return values of the units compared among all units."""
    kind = np.promote_types(values.dtype, np.asarray(other).dtype) if isinstance(other, str) else values.dtype
    spread = np.full(used.size, other, dtype=kind)
    spread[used] = values
    return spread


def _nullable_text(values: npt.NDArray[np.str_]) -> pd.api.extensions.ExtensionArray:
    """Return text with nulls in place of empty strings."""
    return pd.array([value or None for value in values.tolist()], dtype="string")


def _value_notices(units: _Units) -> tuple[Notice, ...]:
    """Warn of what makes the values doubtful."""
    notices = []
    if units.events < FEW_EVENTS:
        notices.append(
            Notice("few_events", f"Only {units.events} events were used: the map may change with a few more.")
        )
    if not units.used.all():
        some, lost = int(np.count_nonzero(~units.used)), float(units.counts[~units.used].sum())
        notices.append(
            Notice(
                "no_residents",
                f"{some:,} units have no residents, so no rate; they and their {lost:,g} events are out.",
            )
        )
    if units.kind == "rate" and units.residents is not None:
        small = int(np.count_nonzero(units.used & (units.residents < FEW_RESIDENTS)))
        if small:
            notices.append(
                Notice(
                    "few_residents",
                    f"{small:,} units have fewer than {FEW_RESIDENTS} residents: their rates are mostly chance. "
                    "Empirical Bayes or standardised rates allow for that.",
                )
            )
    return tuple(notices)
