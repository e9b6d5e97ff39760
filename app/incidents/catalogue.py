"""The concerns that residents name, to start from (R7)."""

from __future__ import annotations

import re

CONCERN_CATEGORIES = {
    "street-lighting": "Street lighting",
    "aggressive-groups": "Aggressive groups",
    "drunk-persons": "Drunk persons",
    "traffic": "Traffic",
    "stray-dogs": "Stray dogs",
    "robbery": "Robbery",
    "dark-passage": "Dark passage",
    "drugs": "Drugs",
    "vandalism": "Vandalism",
    "environment": "Environment",
    "illegal-trade": "Illegal trade",
    "public-drinking": "Public drinking",
    "pedestrian-crossing": "Pedestrian crossing",
    "missing-camera": "Missing camera",
    "school-violence": "School violence",
    "abandoned-building": "Abandoned building",
    "other": "Other",
}
"""Code to label; each municipality gets them and may add its own."""


def category_code(label: str) -> str:
    """Return the code of a category: its label in lower case with hyphens, as an import makes it."""
    return re.sub(r"[\W_]+", "-", label.casefold()).strip("-") or "unnamed"
