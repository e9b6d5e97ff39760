"""Columns of times of a table that is analysed as it is, without an import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from analysis.space_time.local_time import time_zone
from app.errors import InvalidInputError
from app.files.values import is_text, trimmed
from app.incidents.models import TIME_PRECISIONS
from app.ingest.profiles import SourceProfile, TimePrecision
from app.ingest.times import detect_format, parse_times

SAMPLE = 5_000
"""Values that a column's way of writing is told from."""


@dataclass(frozen=True)
class ReadTimes:
    """Times of a column.

    Attributes
    ----------
    moments : DatetimeIndex, shape (n,)
        UTC; NaT where there is none.
    precision : ndarray of str, shape (n,)
    unreadable : int
        Values that are no time.
    """

    moments: pd.DatetimeIndex
    precision: npt.NDArray[np.str_]
    unreadable: int


def read_times(values: pd.Series, zone: str, *, column: str, precision: str | None = None) -> ReadTimes:
    """Read a column of times.

    Parameters
    ----------
    values : Series, shape (n,)
        Texts, date-times or numbers.
    zone : str
        IANA name of the zone of local times.
    column : str
        Its name, for messages.
    precision : str, optional
        The finest unit that the times really have.

    Raises
    ------
    InvalidInputError
        Day and month cannot be told apart, or the precision is unknown.
    ParameterError
        There is no such zone.
    """
    time_zone(zone)
    if precision is not None and precision not in get_args(TimePrecision):
        raise InvalidInputError(f"{precision!r} is no precision.", f"Use one of {', '.join(get_args(TimePrecision))}.")
    profile = SourceProfile(time_precision=cast("TimePrecision | None", precision))
    given = pa.array(values, from_pandas=True)
    table: Any = trimmed(given) if is_text(given.type) else given
    known = table.drop_null()
    if not len(known):
        raise InvalidInputError(f"The column {column!r} holds no time.", "Name the column of times with --time.")
    how = detect_format(known[:: max(len(known) // SAMPLE, 1)], profile, zone, column=column)
    found = parse_times(table, how)
    missing = found.missing | found.unreadable
    moments = pd.DatetimeIndex(pd.to_datetime(np.where(missing, 0, found.instants), unit="us", utc=True))
    names = np.array(TIME_PRECISIONS)[found.precision]
    names[missing] = "unknown"
    return ReadTimes(moments.where(~missing), names, int(found.unreadable.sum()))
