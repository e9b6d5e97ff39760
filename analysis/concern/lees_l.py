"""Lee's L: do crime and concern lie together, and where do they part? Symmetric, with seeded permutations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import ParameterError, TooFewEventsError, ZeroVarianceError
from analysis.hot_spots.neighbours import Neighbours
from analysis.hot_spots.significance import CORRECTION_NAMES, Correction, q_values
from analysis.projection import FloatArray
from analysis.summary import Notice, Summary

Mismatch = Literal["act", "cpted_and_inform", "hidden_victims", "quiet"]

MEANING: dict[Mismatch, str] = {
    "act": "much crime, much concern: act",
    "cpted_and_inform": "much concern, little crime: better the place and inform",
    "hidden_victims": "much crime, little concern: look for victims who are not heard",
    "quiet": "little of both",
}

LEAST_UNITS = 10
CLEAR_LEVEL = 0.10
"""Largest q of a unit whose class is called clear."""

LEAST_STEPS = 20
"""A p that cannot fall below a twentieth of the level needs one place in twenty at that floor."""


@dataclass(frozen=True, eq=False)
class ConcernMismatch:
    """Crime and concern of areal units, cells or beats.

    Attributes
    ----------
    global_l : float
        Lee's L of the whole map, about -1 to 1: the correlation of the two smoothed maps, less where they are rough.
    frame : DataFrame
        A row a unit, in the order of the input: ``crime_level, concern_level`` (mean of the unit and its neighbours, in
        standard deviations of units), ``lees_l`` (their product), ``p_value, q_value``, ``mismatch`` (``act``,
        ``cpted_and_inform``, ``hidden_victims`` or ``quiet``), ``clear`` (q at most 0.10).
    summary : Summary
        Of a result without a place: its ``crs`` is empty and its area zero.
    """

    global_l: float
    frame: pd.DataFrame
    summary: Summary


def concern_mismatch(
    crime: npt.ArrayLike,
    concern: npt.ArrayLike,
    neighbours: Neighbours,
    *,
    permutations: int = 999,
    correction: Correction = "bh",
    seed: int = 0,
) -> ConcernMismatch:
    """Compare recorded crime and concern by place, their surroundings included.

    Parameters
    ----------
    crime, concern : array_like of float, shape (n,)
        Rates or densities of both, for example incidents and distinct reporters per 1,000 residents.
    neighbours : Neighbours
        Of the n units; each counts itself too, weights of a unit are divided by their sum.
    permutations : int
        Random arrangements a unit, at least 99.
    correction : {"bh", "by", "bonferroni", "none"}
    seed : int

    Returns
    -------
    ConcernMismatch

    Raises
    ------
    TooFewEventsError
        Fewer than ten units.
    ZeroVarianceError
        Crime or concern is the same everywhere.
    ParameterError
        Columns of another length, numbers that are not finite, or too few permutations.

    Notes
    -----
    With z the standardised values and ~ their weighted mean over a unit and its neighbours,
    ``L_i = ~zx_i ~zy_i`` and L the mean of all L_i. Exchanging crime and concern changes nothing. Conditional
    permutation: the pair of the unit stays, those of its neighbours are drawn from all others without replacement,
    always crime and concern of one place together; two-sided p, ties in both tails. A class is the side of zero that
    each level lies on; it is clear where L is too large or too small for chance.

    References
    ----------
    Lee, S.-I. (2001). Developing a bivariate spatial association measure: an integration of Pearson's r and Moran's I.
    Journal of Geographical Systems 3.

    Examples
    --------
    >>> from analysis.hot_spots.neighbours import neighbours_from_pairs
    >>> line = np.arange(39)
    >>> near = neighbours_from_pairs(np.r_[line, line + 1], np.r_[line + 1, line], n=40, name="line")
    >>> crime, concern = np.repeat([9.0, 1, 9, 1], 10), np.repeat([9.0, 9, 1, 1], 10)
    >>> concern_mismatch(crime, concern, near).frame["mismatch"].iloc[[5, 15, 25, 35]].tolist()
    ['act', 'cpted_and_inform', 'hidden_victims', 'quiet']
    """
    x, y = _standardised(crime, "crime", neighbours.n), _standardised(concern, "concern", neighbours.n)
    if permutations < 99:
        raise ParameterError(f"{permutations} permutations are too few.", "Use at least 99, usually 999.")
    around = neighbours.with_self()
    size = around.sums(np.ones(neighbours.n))
    levels = around.sums(x) / size, around.sums(y) / size
    product = levels[0] * levels[1]
    p = _p_values(x, y, around, product, permutations, seed)
    q = q_values(p, correction)
    frame = pd.DataFrame(
        {
            "crime_level": levels[0],
            "concern_level": levels[1],
            "lees_l": product,
            "p_value": p,
            "q_value": q,
            "mismatch": mismatch_classes(*levels),
            "clear": q <= CLEAR_LEVEL,
        }
    )
    parameters = {"neighbours": neighbours.name, "permutations": permutations, "correction": correction}
    summary = _summary(frame, float(product.mean()), parameters, int(neighbours.islands.sum()), seed)
    return ConcernMismatch(float(product.mean()), frame, summary)


def mismatch_classes(crime_level: npt.ArrayLike, concern_level: npt.ArrayLike) -> npt.NDArray[np.object_]:
    """Return the class of each unit from the sides of zero that its levels lie on.

    Parameters
    ----------
    crime_level, concern_level : array_like of float, shape (n,)
        Above zero: more than usual.

    Returns
    -------
    ndarray of object, shape (n,)
        Keys of `MEANING`.

    Examples
    --------
    >>> mismatch_classes([1, -1, 1, -1], [1, 1, -1, -1]).tolist()
    ['act', 'cpted_and_inform', 'hidden_victims', 'quiet']
    """
    much_crime, much_concern = np.asarray(crime_level) > 0, np.asarray(concern_level) > 0
    choices = [much_crime & much_concern, much_concern, much_crime]
    return np.select(choices, ["act", "cpted_and_inform", "hidden_victims"], "quiet").astype(object)


def _standardised(values: npt.ArrayLike, what: str, n: int) -> FloatArray:
    """Return values in standard deviations about their mean."""
    held = np.asarray(values, dtype=np.float64)
    if held.shape != (n,) or not np.isfinite(held).all():
        raise ParameterError(f"The {what} of {n} units has shape {held.shape} or is missing somewhere.")
    if n < LEAST_UNITS:
        raise TooFewEventsError(f"There are {n} units.", f"At least {LEAST_UNITS} are needed.")
    spread = float(held.std())
    if spread <= 1e-12 * float(np.abs(held).max()):
        raise ZeroVarianceError(f"The {what} is the same everywhere.", "There is nothing to compare.")
    return np.asarray((held - held.mean()) / spread)


def _p_values(
    x: FloatArray, y: FloatArray, around: Neighbours, product: FloatArray, permutations: int, seed: int
) -> FloatArray:
    """Return the two-sided p of every unit; a unit without others around it has 1."""
    n = x.size
    others = around.without_self()
    most = int(others.sizes.max())
    random = np.random.default_rng(seed)
    drawn = np.empty((permutations, most), dtype=np.int64)
    for arrangement in range(permutations):
        drawn[arrangement] = random.choice(n - 1, most, replace=False)
    own = around.sums(np.ones(n)) - others.sums(np.ones(n))
    p = np.ones(n)
    for i in range(n):
        weights = others.weights[others.indptr[i] : others.indptr[i + 1]]
        if weights.size == 0:
            continue
        picked = drawn[:, : weights.size]
        picked = picked + (picked >= i)
        total = own[i] + weights.sum()
        random_l = (own[i] * x[i] + x[picked] @ weights) * (own[i] * y[i] + y[picked] @ weights) / total**2
        tie = 1e-12 * (abs(product[i]) + 1.0)
        upper = 1 + np.count_nonzero(random_l >= product[i] - tie)
        lower = 1 + np.count_nonzero(random_l <= product[i] + tie)
        p[i] = min(1.0, 2.0 * min(upper, lower) / (permutations + 1))
    return p


def _summary(frame: pd.DataFrame, global_l: float, parameters: dict[str, Any], islands: int, seed: int) -> Summary:
    """Describe where crime and concern part."""
    clear = frame.loc[frame["clear"], "mismatch"].value_counts()
    told = "; ".join(f"{int(clear.get(name, 0)):,} {words}" for name, words in MEANING.items())
    notices = []
    if islands:
        notices.append(Notice("islands", f"{islands:,} units have no neighbour: their class is never clear."))
    floor = 2.0 / (parameters["permutations"] + 1)
    if parameters["correction"] != "none" and floor > CLEAR_LEVEL / LEAST_STEPS:
        message = (
            f"With {parameters['permutations']:,} permutations p is never below {floor:.4f}: more would show more."
        )
        notices.append(Notice("few_permutations", message))
    correction: Correction = parameters["correction"]
    reading = (
        f"Lee's L of the map is {global_l:.2f}. After {CORRECTION_NAMES[correction]} {int(frame['clear'].sum()):,} of "
        f"{len(frame):,} places are clear: {told}. Concern that does not follow crime is no error of the residents: "
        "much crime is never recorded, and fear is harm too."
    )
    return Summary(
        method="Lee's L of crime and concern",
        parameters={**parameters, "global_l": global_l},
        n_used=len(frame),
        excluded={},
        crs="",
        study_area_km2=0.0,
        reading=reading,
        warnings=tuple(notices),
        seed=seed,
    )
