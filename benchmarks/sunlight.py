"""Day, twilight or dark of 20,000 incidents."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.lighting.daylight import light_codes
from analysis.lighting.sun import sun_elevation
from benchmarks.report import Row, Section, Timing, measure, peak_mb

N_INCIDENTS = 20_000
TARGET_S = 0.01


def run() -> Section:
    """Measure the sun's height and the class of light against pvlib."""
    random = np.random.default_rng(0)
    limits = np.array(["2010-01-01", "2026-01-01"], dtype="datetime64[us]").astype(np.int64)
    moments = random.integers(*limits, N_INCIDENTS)
    longitude, latitude = random.uniform(19.7, 19.9, N_INCIDENTS), random.uniform(41.2, 41.4, N_INCIDENTS)

    def ours() -> object:
        return light_codes(sun_elevation(moments, longitude, latitude))

    theirs, note = _pvlib(moments, float(longitude[0]), float(latitude[0]))
    row = Row(
        f"{N_INCIDENTS:,} incidents, each at its own place",
        measure(ours, runs=9),
        TARGET_S,
        "pvlib SPA, one place for all",
        theirs,
        peak_mb(ours),
        note,
    )
    return Section(
        "sunlight",
        "Daylight of incidents",
        "Height of the sun by the NOAA formulas and the class day, twilight or dark.",
        (row,),
    )


def _pvlib(moments: np.ndarray, longitude: float, latitude: float) -> tuple[Timing | str, str]:
    """Time pvlib for one place, and tell how far apart both are."""
    try:
        from pvlib.solarposition import spa_python
    except ImportError:
        return "not installed", ""
    stamps = pd.DatetimeIndex(moments.astype("datetime64[us]")).tz_localize("UTC")
    expected = spa_python(stamps, latitude, longitude)["elevation"].to_numpy()
    error = np.abs(sun_elevation(moments, longitude, latitude) - expected).max()
    return measure(lambda: spa_python(stamps, latitude, longitude), runs=3), f"largest difference {error:.3f} degrees"
