"""Figures and names as people write them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

NOTHING = "\N{EN DASH}"
"""How tables write that there is no value."""
_UNITS = {
    "_per_km2": "per km²",
    "_km2": "km²",
    "_km": "km",
    "_m": "m",
    "_days": "days",
    "_percent": "%",
}
_METHOD_NAMES = {"bh": "Benjamini-Hochberg", "by": "Benjamini-Yekutieli"}


def mapped_units(parameters: Mapping[str, Any], usual: str) -> str:
    """Return the unit of the mapped values: as the parameters of a result state it, or the usual one of its kind."""
    return str(parameters.get("unit", usual)).replace("km2", "km²")


def is_missing(value: Any) -> bool:
    """Tell whether a value is None, NaN or pandas' missing value."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def number(value: Any, decimals: int | None = None) -> str:
    """Return a figure with thousands separators.

    Parameters
    ----------
    value : float or None
        The figure; missing and infinite ones become a dash.
    decimals : int, optional
        Digits after the point; by default none for whole numbers and three significant digits for others.
    """
    if is_missing(value) or not math.isfinite(float(value)):
        return NOTHING
    figure = float(value)
    if decimals is not None:
        return f"{figure:,.{decimals}f}"
    if figure == int(figure) or abs(figure) >= 1000:
        return f"{figure:,.0f}"
    return f"{figure:.3g}"


def signed(value: Any, decimals: int = 2) -> str:
    """Return a figure with its sign, with a true minus."""
    if is_missing(value):
        return NOTHING
    return f"{float(value):+,.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def probability(value: Any) -> str:
    """Return a p or q value; below one thousandth as ``<0.001``."""
    if is_missing(value):
        return NOTHING
    return "<0.001" if float(value) < 0.001 else f"{float(value):.3f}"


def plain(value: Any) -> str:
    """Return any value as text, figures formatted, missing ones as a dash."""
    if is_missing(value):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) or hasattr(value, "dtype"):
        return number(value)
    if isinstance(value, dict):
        return "; ".join(f"{words(str(name))} {plain(item)}" for name, item in value.items())
    return "; ".join(plain(item) for item in value) if isinstance(value, list | tuple) else str(value)


def words(name: str) -> str:
    """Return a column or reason name as words: ``missing_coordinates`` becomes ``missing coordinates``."""
    return name.replace("_", " ").strip()


def parameter(name: str, value: Any) -> tuple[str, str]:
    """Return label and text of a parameter, the unit moved from the name to the value.

    Examples
    --------
    >>> parameter("cell_m", 250)
    ('Cell', '250 m')
    """
    for ending, unit in _UNITS.items():
        if name.endswith(ending) and not is_missing(value):
            stem = words(name.removesuffix(ending))
            return stem[:1].upper() + stem[1:], f"{plain(value)} {unit}"
    label = words(name).replace("crs", "CRS")
    text = _METHOD_NAMES.get(value, value) if isinstance(value, str) else plain(value)
    return label[:1].upper() + label[1:], text
