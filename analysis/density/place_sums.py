"""Kernel sums at the events themselves, exactly: how dense it is where each of them lies."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numba as nb
import numpy as np

from analysis.density.cell_events import IntArray
from analysis.density.kernel_sums import MOST_PAIRS, profile_of_form
from analysis.density.kernels import KernelShape
from analysis.errors import ParameterError
from analysis.projection import FloatArray
from analysis.row_blocks import for_row_blocks

BELL_REACH = 6.0
"""Standard deviations after which a Gaussian is left out: exp(-18) = 1.5e-8 of the centre."""

BLOCK_PLACES = 1024

PlaceSums = Callable[[FloatArray, IntArray, IntArray, float, FloatArray, int, int], None]


def sums_at_places(places: FloatArray, weight: FloatArray, kernel: KernelShape, bandwidth_m: float) -> FloatArray:
    """Sum ``w k(d / bandwidth)`` over all places at each of them, itself included.

    Parameters
    ----------
    places : ndarray of float64, shape (n, 2)
        Metres.
    weight : ndarray of float64, shape (n,)
    kernel : KernelShape
    bandwidth_m : float
        Metres.

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    ParameterError
        There are too many pairs of places within reach of each other.

    Examples
    --------
    >>> from analysis.density.kernels import KERNELS
    >>> places = np.array([[0.0, 0.0], [50.0, 0.0]])
    >>> sums_at_places(places, np.ones(2), KERNELS["epanechnikov"], 100.0).tolist()
    [1.75, 1.75]
    """
    reach = min(kernel.reach, BELL_REACH)
    near = (places - places.min(axis=0)) / bandwidth_m
    height = max(reach, float(near[:, 1].max()) / len(near))
    band = np.floor(near[:, 1] / height).astype(np.int64)
    order = np.lexsort((near[:, 1], near[:, 0], band))
    located = np.ascontiguousarray(np.column_stack([near, weight])[order])
    first_of_band = np.searchsorted(band[order], np.arange(band.max() + 2))
    if _candidates(located, band[order], first_of_band, reach) > MOST_PAIRS:
        raise ParameterError(
            f"{len(places):,} places with a bandwidth of {bandwidth_m:g} m make too many pairs to sum one by one.",
            "Use a smaller bandwidth.",
        )
    sorted_band, sums, fill = band[order], np.empty(len(places)), _sums_of_form(kernel.form)

    def block(first: int, last: int) -> None:
        fill(located, sorted_band, first_of_band, reach, sums, first, last)

    for_row_blocks(block, len(places), block_rows=BLOCK_PLACES)
    unsorted = np.empty_like(sums)
    unsorted[order] = sums
    return unsorted


@nb.njit(cache=True, nogil=True)
def _range_in_band(
    located: FloatArray, first_of_band: IntArray, band: int, left: float, right: float
) -> tuple[int, int]:
    """Return which places of a band lie between two x."""
    if band < 0 or band >= first_of_band.size - 1:
        return 0, 0
    first, last = first_of_band[band], first_of_band[band + 1]
    x = located[first:last, 0]
    return first + np.searchsorted(x, left), first + np.searchsorted(x, right, side="right")


@nb.njit(cache=True, nogil=True)
def _candidates(located: FloatArray, band: IntArray, first_of_band: IntArray, reach: float) -> float:
    """Count the pairs that are looked at."""
    total = 0.0
    for i in range(band.size):
        for other in range(band[i] - 1, band[i] + 2):
            low, high = _range_in_band(located, first_of_band, other, located[i, 0] - reach, located[i, 0] + reach)
            total += high - low
    return total


@functools.cache
def _sums_of_form(form: int) -> PlaceSums:
    """Return the compiled sum of a kernel; a constant form lets the compiler drop the others."""

    @nb.njit(cache=True, nogil=True)
    def fill(
        located: FloatArray,
        band: IntArray,
        first_of_band: IntArray,
        reach: float,
        sums: FloatArray,
        first: int,
        last: int,
    ) -> None:
        """Fill the sums of places first to last."""
        for i in range(first, last):
            x, y, total = located[i, 0], located[i, 1], 0.0
            for other in range(band[i] - 1, band[i] + 2):
                low, high = _range_in_band(located, first_of_band, other, x - reach, x + reach)
                for j in range(low, high):
                    squared = (located[j, 0] - x) ** 2 + (located[j, 1] - y) ** 2
                    if squared <= reach * reach:
                        total += located[j, 2] * profile_of_form(form, squared)
            sums[i] = total

    compiled: PlaceSums = fill
    return compiled
