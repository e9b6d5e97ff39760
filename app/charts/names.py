"""The charts that there are, and what each is drawn from."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

SOURCE_OF_CHART = {
    "heat-clock": "hours",
    "trend": "months",
    "capture-curve": "curves",
    "bandwidth": "bandwidth",
    "change": "change",
    "top-places": "top-places",
    "concentration": "lorenz",
    "near-repeat": "knox",
    "before-after": "monthly-panel",
    "fix-ranking": "fix-ranking",
    "light-and-dark": "light-rates",
    "mismatch-by-beat": "mismatch-by-beat",
    "beats": "beats",
    "trade-off": "trade-off",
}
"""Table or layer of a result that each chart is drawn from, in the order in which a report shows them."""


def chart_names(sources: AbstractSet[str]) -> tuple[str, ...]:
    """Return the charts that can be drawn of a result with these layers and tables.

    Parameters
    ----------
    sources : set of str
        Names of its layers and tables.

    Returns
    -------
    tuple of str
    """
    return tuple(name for name, source in SOURCE_OF_CHART.items() if source in sources)
