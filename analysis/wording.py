"""Numbers and names of things in messages, in good English."""

from __future__ import annotations

from collections.abc import Sequence

MOST_NAMED = 5


def counted(count: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun, and its verb where it is part of the noun.

    Parameters
    ----------
    count : int
    singular : str
        For one: ``"beat is"``.
    plural : str
        For any other number; by default the singular with an s.

    Returns
    -------
    str

    Examples
    --------
    >>> counted(1, "beat is", "beats are"), counted(1200, "unit")
    ('1 beat is', '1,200 units')
    """
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def listed(names: Sequence[str], total: int | None = None) -> str:
    """Return names for a sentence; a long list is shortened.

    Parameters
    ----------
    names : sequence of str
    total : int, optional
        How many there are where ``names`` are only the first.

    Returns
    -------
    str

    Examples
    --------
    >>> listed(["B01", "B02"]), listed(["B01", "B02", "B03", "B04", "B05", "B06", "B07"])
    ('B01, B02', 'B01, B02, B03, B04, B05 and 2 more')
    """
    rest = (len(names) if total is None else total) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {rest:,} more" if rest > 0 else "")
