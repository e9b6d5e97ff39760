"""What categories are called in public."""

from __future__ import annotations

import re

SENSITIVE: dict[str, str | None] = {
    "sexual-violence": None,
    "domestic-violence": None,
    "child-abuse": None,
    "suicide": None,
    "school-violence": "aggressive-groups",
    "drugs": "other",
}
"""What a sensitive category is called in public; None: it is not shown at all."""

SENSITIVE_WORDS = re.compile(
    "sex|rape|molest|indecen|prostitut|incest|porn|domestic|famil|spous|partner|child|minor|juvenil|infant|kidnap"
    "|abduct|traffick|suicid|stalk|abus|harass|exploit"
)
"""Codes of categories that suppliers of data made up are not shown where one of these is part of them."""


def public_category(code: str) -> str | None:
    """Return what a category is called in public.

    Parameters
    ----------
    code : str
        Of a concern or of a kind of incident.

    Returns
    -------
    str or None
        Itself, a coarser one, or None where it is not shown at all.

    Examples
    --------
    >>> public_category("theft"), public_category("drugs"), public_category("crim-sexual-assault")
    ('theft', 'other', None)
    """
    if code in SENSITIVE:
        return SENSITIVE[code]
    return None if SENSITIVE_WORDS.search(code) else code
