"""Files of neighbours that libpysal, GeoDa and ArcGIS write."""

from __future__ import annotations

import warnings
from contextlib import closing
from pathlib import Path

import libpysal

from app.errors import InvalidInputError

NEIGHBOUR_FORMATS = (".gal", ".gwt", ".kwt", ".swm")
"""Formats that name the units; those that only number them could be taken for units in another order."""


def read_neighbours(path: Path) -> dict[str, dict[str, float]]:
    """Return for each unit of a file its neighbours and their weights, by the names of the units.

    Parameters
    ----------
    path : Path
        One of `NEIGHBOUR_FORMATS`.

    Raises
    ------
    InvalidInputError
        The file cannot be read, or has another format.

    Notes
    -----
    A .gal file has no weights: each neighbour weighs 1. A .gwt or .kwt file does not list units without neighbours.
    """
    listed = ", ".join(NEIGHBOUR_FORMATS)
    if path.suffix.lower() not in NEIGHBOUR_FORMATS:
        raise InvalidInputError(f"{path.name} is no file of neighbours.", f"Give one of {listed}, with names of units.")
    if not path.is_file():
        raise InvalidInputError(f"There is no file {path}.", f"Give a file of neighbours: {listed}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with closing(libpysal.io.open(str(path), "r")) as file:
                weights = file.read()
        found = {
            str(unit): dict(zip(map(str, weights.neighbors[unit]), map(float, weights.weights[unit]), strict=True))
            for unit in weights.id_order
        }
    except Exception as error:
        raise InvalidInputError(
            f"{path.name} cannot be read as neighbours: {type(error).__name__} {str(error)[:200]}.",
            "Write it with libpysal or GeoDa, with the names of the units as identifiers.",
        ) from error
    if not any(found.values()):
        raise InvalidInputError(f"{path.name} holds no neighbours.", "Check the file.")
    return found
