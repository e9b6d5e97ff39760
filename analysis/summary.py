"""What every result says about itself, so that its numbers can be defended and repeated."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any


def software_version() -> str:
    """Return the installed version of Kvart, for example ``"kvart 0.1.0"``."""
    try:
        return f"kvart {version('kvart')}"
    except PackageNotFoundError:
        return "kvart (not installed)"


def figure(value: float) -> str:
    """Return a number as people write it: three significant digits, thousands apart, never an exponent.

    Parameters
    ----------
    value : float
        Finite.

    Returns
    -------
    str

    Examples
    --------
    >>> figure(4081.7), figure(0.0123456), figure(25.0)
    ('4,080', '0.0123', '25')
    """
    if value == 0.0:
        return "0"
    decimals = 2 - math.floor(math.log10(abs(value)))
    told = f"{round(value, decimals):,.{max(decimals, 0)}f}"
    return told.rstrip("0").rstrip(".") if "." in told else told


@dataclass(frozen=True)
class Notice:
    """A warning that travels with a result.

    Attributes
    ----------
    code : str
        Stable name for programs, for example ``"point_mass"``.
    message : str
        One sentence for people, with the figures.
    """

    code: str
    message: str


@dataclass(frozen=True)
class Summary:
    """How a result was made.

    Attributes
    ----------
    method : str
        The method in the field's terms, for example ``"Getis-Ord Gi*"``.
    parameters : dict
        Every parameter that shaped the result, in the units that its name states.
    n_used : int
        Events (or units) that entered the statistic.
    excluded : dict of str to int
        Events left out, by reason; ``n_used`` plus these is what came in.
    crs : str
        Working coordinate reference system, for example ``"EPSG:26916"``.
    study_area_km2 : float
        Area over which the statistic was taken.
    reading : str
        One paragraph in plain language.
    warnings : tuple of Notice
        What a careful reader must know.
    seed : int or None
        Seed of the random numbers, None where the method uses none.
    software : str
        Version that made the result.
    """

    method: str
    parameters: dict[str, Any]
    n_used: int
    excluded: dict[str, int]
    crs: str
    study_area_km2: float
    reading: str
    warnings: tuple[Notice, ...] = ()
    seed: int | None = None
    software: str = field(default_factory=software_version)

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as JSON-ready plain values."""
        return dataclasses.asdict(self)
