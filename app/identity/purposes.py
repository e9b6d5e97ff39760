"""Why exact personal data is looked at (Directive (EU) 2016/680, Article 25: the justification of a consultation)."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """The purposes of use that a caller may give."""

    CRIME_ANALYSIS = "crime-analysis"
    PATROL_PLANNING = "patrol-planning"
    INVESTIGATION = "investigation"
    PREVENTION = "prevention"
    EVALUATION = "evaluation"
    ADMINISTRATION = "administration"
    MAINTENANCE = "maintenance"
