"""Random numbers that depend on the seed alone: not on the thread, the process, or what ran before."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 1.0 / 9007199254740992.0


RandomState = NDArray[np.uint64]


def random_stream(seed: int, *path: int) -> RandomState:
    """Return the state of a generator that belongs to ``seed`` and to a path of numbers.

    Parameters
    ----------
    seed : int
        Seed of the whole run.
    *path : int
        Which restart, which repair: different paths give independent streams.

    Returns
    -------
    ndarray of uint64, shape (1,)
        State, advanced in place by the kernels.

    Notes
    -----
    SplitMix64 (Steele, Lea and Flood 2014), started from a hash of seed and path by ``numpy.random.SeedSequence``.

    Examples
    --------
    >>> bool(random_stream(7, 1)[0] == random_stream(7, 1)[0])
    True
    >>> bool(random_stream(7, 1)[0] == random_stream(7, 2)[0])
    False
    """
    state: RandomState = (
        np.random.SeedSequence([abs(seed), int(seed < 0), *path]).generate_state(1, np.uint64).astype(np.uint64)
    )
    return state


@njit(cache=True, nogil=True)
def next_uniform(random: RandomState) -> float:
    """Return the next number in [0, 1)."""
    random[0] += _STEP
    bits = random[0]
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_A
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_B
    bits ^= bits >> np.uint64(31)
    return float((bits >> np.uint64(11)) * _TO_UNIT)


@njit(cache=True, nogil=True)
def next_below(random: RandomState, limit: int) -> int:
    """Return the next whole number in [0, limit)."""
    return int(next_uniform(random) * limit)
