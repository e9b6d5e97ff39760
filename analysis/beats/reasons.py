"""Why a beat, or a whole plan, is not what was asked for: typed, with the units named."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

UNIT_OVER_MAX = "unit_over_max"
"""One unit alone has more residents than a beat may have."""
COMPONENT_BELOW_MIN = "component_below_min"
"""A group of connected units has fewer residents than a beat must have."""
NO_INTEGER_BEAT_COUNT = "no_integer_beat_count"
"""No whole number of beats fits the residents of a group of connected units."""
ZONE_INFEASIBLE = "zone_infeasible"
"""A hard boundary leaves a zone, or a part of it, that cannot be divided within the bounds."""
UNITS_TOO_COARSE = "units_too_coarse"
"""The units are large against a beat, so that few combinations exist."""
LOCKED_CONFLICT = "locked_conflict"
"""A beat that is locked as it is does not keep to what is asked for."""
NOT_FOUND = "not_found"
"""A division within the bounds may exist, but the search did not find it."""

BELOW_MIN = "below_min"
"""A beat drawn by hand or by others has too few residents."""
ABOVE_MAX = "above_max"
"""A beat drawn by hand or by others has too many residents."""
NOT_CONTIGUOUS = "not_contiguous"
"""A beat drawn by hand or by others is in several pieces."""
CROSSES_HARD_BOUNDARY = "crosses_hard_boundary"
"""A beat drawn by hand or by others lies on both sides of a hard boundary."""
UNASSIGNED = "unassigned"
"""Units are in no beat."""
LOCKED = "locked"
"""A unit was not moved because it is locked."""

MOST_UNITS_IN_MESSAGE = 5


@dataclass(frozen=True)
class Reason:
    """Why something is not what was asked for.

    Attributes
    ----------
    code : str
        One of the codes of this module.
    message : str
        One sentence for people, with names and figures.
    hint : str
        What to do about it.
    unit_ids : tuple
        The units concerned, as named in the input.
    beat_id : str or None
        The beat concerned, None for the plan as a whole.
    """

    code: str
    message: str
    hint: str
    unit_ids: tuple[Any, ...]
    beat_id: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the reason as plain values."""
        return dataclasses.asdict(self)


def name_units(unit_ids: tuple[Any, ...]) -> str:
    """Name units in a sentence; a long list is shortened.

    Examples
    --------
    >>> name_units(("A",))
    "unit 'A'"
    >>> name_units((1, 2, 3, 4, 5, 6, 7))
    "units '1', '2', '3', '4', '5' and 2 more"
    """
    shown = ", ".join(f"'{unit}'" for unit in unit_ids[:MOST_UNITS_IN_MESSAGE])
    word = "unit" if len(unit_ids) == 1 else "units"
    rest = len(unit_ids) - MOST_UNITS_IN_MESSAGE
    return f"{word} {shown}" + (f" and {rest} more" if rest > 0 else "")


def held_units(unit_ids: tuple[Any, ...]) -> Reason:
    """Return the reason why locked units were not moved."""
    verb = "is" if len(unit_ids) == 1 else "are"
    return Reason(LOCKED, f"The {name_units(unit_ids)} {verb} locked.", "Unlock before moving.", unit_ids)
