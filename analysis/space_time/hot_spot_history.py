"""The history of hot spots over two or more periods: which stay, which come and which go."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.errors import ParameterError

LEVELS = {90: 1, 95: 2, 99: 3}
"""Class of `gi_bin` from which a cell is hot with that confidence."""


def hot_spot_history(
    bins: npt.ArrayLike, *, least_confidence: Literal[90, 95, 99] = 90, side: Literal["hot", "cold"] = "hot"
) -> npt.NDArray[np.object_]:
    """Tell places that stay hot from those that come and go.

    Parameters
    ----------
    bins : array_like of int, shape (n_periods, n_cells)
        ``gi_bin`` of two or more periods, oldest first, on the same study area and cells.
    least_confidence : {90, 95, 99}
        Confidence from which a cell counts as hot in a period.
    side : {"hot", "cold"}

    Returns
    -------
    ndarray of str, shape (n_cells,)
        ``never``, ``persistent``, ``intermittent``, ``emerging`` or ``former``.

    Raises
    ------
    ParameterError
        Fewer than two periods, bins outside -3 to 3, or an unknown option.

    Notes
    -----
    A run is one or more periods in a row in which the cell is hot.

    - never: no run.
    - persistent: hot in every period.
    - emerging: one run, which has lasted until the latest period but was not there in the first.
    - former: one run, which ended before the latest period.
    - intermittent: two runs or more, with a break between them (needs three periods).

    Examples
    --------
    >>> hot_spot_history([[3, 0, 2, 0, 3], [3, 0, 0, 0, 0], [2, 3, 0, 0, 1]]).tolist()
    ['persistent', 'emerging', 'former', 'never', 'intermittent']
    """
    classes = np.asarray(bins)
    if classes.ndim != 2 or classes.shape[0] < 2:
        raise ParameterError(f"Bins of shape {classes.shape} are no two or more periods.", "Give one row a period.")
    if classes.dtype.kind not in "iu" or (classes.size and np.abs(classes).max() > 3):
        raise ParameterError("Bins are the whole numbers from -3 to 3.", "Use the column gi_bin of the hot spots.")
    if least_confidence not in LEVELS or side not in ("hot", "cold"):
        raise ParameterError(
            f"Unknown confidence {least_confidence!r} or side {side!r}.", "Use 90, 95 or 99; hot or cold."
        )
    hot = (classes if side == "hot" else -classes) >= LEVELS[least_confidence]
    runs = np.count_nonzero(hot[1:] & ~hot[:-1], axis=0) + hot[0]
    history = np.select(
        [runs == 0, hot.all(axis=0), runs >= 2, hot[-1]], ["never", "persistent", "intermittent", "emerging"], "former"
    )
    return history.astype(object)
