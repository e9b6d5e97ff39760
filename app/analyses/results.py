"""What the summary of a run says of its result: which layers and tables there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.hot_spots.service import LAYER_OF_KIND


@dataclass(frozen=True)
class LayerInfo:
    """A layer of a stored result.

    Attributes
    ----------
    name : str
    features : int
    columns : tuple of str
    exact_places : bool
        Whether its geometry tells where single events happened.
    """

    name: str
    features: int
    columns: tuple[str, ...]
    exact_places: bool


def layers_of(kind: str, summary: Mapping[str, Any] | None) -> tuple[LayerInfo, ...]:
    """Return the layers of a run, the main one first; runs of before they were told have the cells of their kind."""
    told = (summary or {}).get("layers")
    if told is None:
        cells = LAYER_OF_KIND.get(kind)
        return (
            ()
            if cells is None
            else (LayerInfo(cells.layer, int((summary or {}).get("cells", 0)), (), exact_places=False),)
        )
    return tuple(
        LayerInfo(item["name"], item["features"], tuple(item["columns"]), item["exact_places"]) for item in told
    )


def tables_of(summary: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the names of the tables of a run."""
    return tuple(item["name"] for item in (summary or {}).get("tables", ()))
