"""Names of beats: those of the plan in force go on, new ones follow their pattern."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analysis.beats.continuity import continue_names
from analysis.beats.problem import BeatProblem

Labels = NDArray[np.int64]

NUMBERED = re.compile(r"(?P<word>.*?)(?P<number>[0-9]+)", re.ASCII | re.DOTALL)
WIDTH = 3
LOCK_WEIGHT = 1e9
"""A unit that is locked to a beat names it, whatever the residents."""


def name_beats(problem: BeatProblem, beat: Labels) -> tuple[Labels, tuple[str, ...]]:
    """Put the beats into their final order and name them.

    Parameters
    ----------
    problem : BeatProblem
        The task.
    beat : ndarray of int64, shape (n,)
        Beat of each unit, without gaps in the numbering.

    Returns
    -------
    tuple of ndarray of int64, shape (n,), and tuple of str
        Position of each unit's beat among the names, and the names: in reading order (rows from north-west to
        south-east) without a plan in force or locks, else in the order of the ids.
    """
    count = int(beat.max()) + 1
    rank = _reading_order(problem, beat, count)
    locks = problem.locks
    if not locks.names:
        width = max(WIDTH, len(str(count)))
        return rank[beat], tuple(f"B{number + 1:0{width}d}" for number in range(count))
    locked = locks.beat >= 0
    names_today = np.where(locked, locks.beat, problem.current)
    people = problem.residents + LOCK_WEIGHT * locked
    kept = continue_names(beat, names_today, people, count, len(locks.names))
    fresh = new_names(locks.names)
    names = np.empty(count, dtype=object)
    for own in np.argsort(rank, kind="stable"):
        names[own] = locks.names[kept[own]] if kept[own] >= 0 else next(fresh)
    order = np.argsort(names.astype(str), kind="stable")
    place = np.empty(count, np.int64)
    place[order] = np.arange(count)
    return place[beat], tuple(str(name) for name in names[order])


def new_names(taken: tuple[str, ...]) -> Iterator[str]:
    """Yield names for new beats that follow the pattern of the names in use.

    Parameters
    ----------
    taken : tuple of str
        Names in use.

    Yields
    ------
    str
        Most names in use being a word and a number ("B01", "North-7", "412"), the same word with the next numbers above
        the highest, in as many digits; otherwise "B001", "B002" and so on. Never a name in use.

    Examples
    --------
    >>> names = new_names(("B01", "B02", "B12", "Centre"))
    >>> next(names), next(names)
    ('B13', 'B14')
    >>> next(new_names(("North", "South")))
    'B001'
    """
    found = [match for name in taken if (match := NUMBERED.fullmatch(name))]
    words = Counter(match["word"] for match in found)
    word, uses = words.most_common(1)[0] if words else ("", 0)
    number, width = 0, WIDTH
    if 2 * uses > len(taken):
        digits = [match["number"] for match in found if match["word"] == word]
        number, width = max(map(int, digits)), min(map(len, digits))
    else:
        word = "B"
    in_use = set(taken)
    while True:
        number += 1
        name = f"{word}{number:0{width}d}"
        if name not in in_use:
            yield name


def _reading_order(problem: BeatProblem, beat: Labels, count: int) -> Labels:
    """Return the rank of every beat when read in rows from north-west to south-east."""
    area_m2 = np.bincount(beat, problem.area_m2, minlength=count)
    x, y = (np.bincount(beat, problem.area_m2 * axis, minlength=count) / area_m2 for axis in problem.centres.T)
    row_m = max(float(np.sqrt(np.median(area_m2))), 1e-9)
    order = np.lexsort((x, -np.floor((y - y.min()) / row_m)))
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    return rank
