"""Which street lights work at a given time, by the inventory and the log of outages."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from analysis.errors import ParameterError
from analysis.projection import BoolArray
from analysis.space_time.local_time import instants


def working_lamps(
    lamps: npt.ArrayLike, outage_lamp: npt.ArrayLike, out_from: Any, out_to: Any, *, at: Any, zone: str
) -> BoolArray:
    """Return which lamps work at a moment.

    Parameters
    ----------
    lamps : array_like, shape (n,)
        Name of each lamp of the inventory, each once.
    outage_lamp : array_like, shape (n_outages,)
        Lamp of each outage; one that is not in the inventory is passed over.
    out_from, out_to : array_like of datetime, shape (n_outages,)
        When the lamp went out and when it worked again; missing: it is still out.
    at : datetime
        The moment asked for.
    zone : str
        IANA name of the local zone, for times without one.

    Returns
    -------
    ndarray of bool, shape (n,)
        False while an outage lasts; a lamp without a record works, because the log is kept.

    Raises
    ------
    ParameterError
        A lamp that occurs twice, columns of different length, a missing start or moment, or an outage that ends before
        it begins.

    Examples
    --------
    >>> working_lamps(["L1", "L2"], ["L2"], ["2024-01-05"], [None], at="2024-02-01", zone="Europe/Riga").tolist()
    [True, False]
    """
    names = pd.Index(np.asarray(lamps, dtype=object))
    if not names.is_unique:
        raise ParameterError(f"The lamp {names[names.duplicated()][0]!r} occurs twice.", "Give each lamp once.")
    position = names.get_indexer(pd.Index(np.asarray(outage_lamp, dtype=object)))
    working = np.ones(names.size, dtype=np.bool_)
    if position.size == 0:
        return working
    moment = instants([at], zone, what="moment asked for")
    begin, end = instants(out_from, zone, what="starts of outages"), instants(out_to, zone, what="ends of outages")
    if not begin.utc.size == end.utc.size == position.size:
        raise ParameterError("Outages, their starts and their ends differ in number.", "Give one of each an outage.")
    if not begin.known.all() or not moment.known[0]:
        raise ParameterError("The start of an outage, or the moment asked for, is missing.", "Give a time.")
    if (end.known & (end.utc < begin.utc)).any():
        raise ParameterError("An outage ends before it begins.", "Check the two columns.")
    now = moment.utc[0]
    lasting = (begin.utc <= now) & (~end.known | (end.utc > now)) & (position >= 0)
    working[position[lasting]] = False
    return working
