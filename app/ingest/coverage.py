"""Signs that times are not what they seem and that months are missing, from the times alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.space_time.hour_signs import hour_notices
from analysis.summary import Notice
from app.files.columns import listed

LEAST_ROWS = 300
"""Fewer rows say nothing about months."""

LOW_MONTH = 0.2
"""A month with less than this share of the median month is called a hole."""

AREA_MONTH_ROWS = 10
"""An area with this many rows a month is expected to have some in every month."""


def hour_warnings(wall: NDArray[np.int64]) -> list[Notice]:
    """Return warnings about hours: rounding, midnight as a default, a clock that runs in another zone.

    Parameters
    ----------
    wall : ndarray of int64, shape (n,)
        Local wall-clock microseconds of rows whose hour is known.
    """
    hint = " If local times are labelled as UTC: --utc-label local."
    return [
        dataclasses.replace(notice, message=notice.message + hint) if notice.code == "shifted_clock" else notice
        for notice in hour_notices(wall)
    ]


def empty_months(wall: NDArray[np.int64], areas: pa.DictionaryArray) -> list[Notice]:
    """Return warnings about months without rows, in all and by recorded area.

    Parameters
    ----------
    wall : ndarray of int64, shape (n,)
        Local wall-clock microseconds.
    areas : pyarrow.DictionaryArray of text, length n
        Area that the source recorded.
    """
    if len(wall) < LEAST_ROWS:
        return []
    months = wall.view("datetime64[us]").astype("datetime64[M]").astype(np.int32)
    first, last = np.quantile(months, [0.01, 0.99]).astype(np.int32)
    inner = (months >= first) & (months <= last)
    n_months = int(last - first + 1)
    if n_months < 3:
        return []
    counts = np.bincount(months[inner] - first, minlength=n_months)
    low = np.flatnonzero(counts[1:-1] < LOW_MONTH * np.median(counts)) + 1
    names = [str(np.datetime64(int(first + month), "M")) for month in range(n_months)]
    notices = []
    if len(low):
        holes = listed((f"{names[month]} ({counts[month]:,})" for month in low), limit=12)
        notices.append(
            Notice("empty_months", f"Months with hardly any rows (median {np.median(counts):,.0f}): {holes}.")
        )
    return [*notices, *_holes_by_area(months - first, inner, areas, names, set(low.tolist()))]


def _holes_by_area(
    months: NDArray[np.int32], inner: NDArray[np.bool_], areas: pa.DictionaryArray, names: list[str], known: set[int]
) -> list[Notice]:
    labels = areas.dictionary.to_pylist()
    if not labels or len(labels) > 1000:
        return []
    codes = areas.indices.fill_null(-1).to_numpy()
    counted = inner & (codes >= 0)
    cells = codes[counted] * len(names) + months[counted]
    table = np.bincount(cells, minlength=len(labels) * len(names)).reshape(len(labels), len(names))
    holes = []
    for area in np.flatnonzero(table.sum(axis=1) >= AREA_MONTH_ROWS * len(names)):
        empty = [names[month] for month in np.flatnonzero(table[area] == 0).tolist() if month not in known]
        if empty:
            holes.append(f"{labels[area]} ({listed(empty, limit=6)})")
    if not holes:
        return []
    return [Notice("empty_area_months", f"Areas with months without any row: {listed(holes, limit=8)}.")]
