"""What the summary of a run says of its result: which layers and tables there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.analyses.run_layers import RUN_LAYERS
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


def collections_of(kind: str, summary: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the names under which the OGC API offers layers of a run, without its number."""
    cells = LAYER_OF_KIND.get(kind)
    names = {layer.layer: layer.name for layer in RUN_LAYERS if layer.kind == kind}
    names |= {} if cells is None else {cells.layer: cells.name}
    return tuple(names[layer.name] for layer in layers_of(kind, summary) if layer.name in names)


def tables_of(summary: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the names of the tables of a run."""
    return tuple(item["name"] for item in (summary or {}).get("tables", ()))


def days_of(summary: Mapping[str, Any] | None) -> tuple[date, date] | None:
    """Return the first and the last day of the events of a run by its summary, None where they are not known."""
    first, last = ((summary or {}).get(name) for name in ("first_day", "last_day"))
    return None if first is None or last is None else (date.fromisoformat(first), date.fromisoformat(last))
