"""Errors and typed outcomes of the analysis.

::

    AnalysisError                the input cannot be analysed; says what to do
    ├── ParameterError           a parameter is missing, contradictory or out of range
    ├── CoordinateError          degrees where metres are needed, not finite, no CRS
    ├── EmptyInputError          no event, no unit, no cell
    ├── TooFewEventsError        the statistic is not defined on so few events
    ├── ZeroVarianceError        every cell holds the same count
    ├── GeometryError            an invalid, empty or unexpected geometry
    ├── UnitsError               areal units with missing or impossible attributes
    └── TimePrecisionError       times are known to the day or the month where the hour or the day is asked for

Every error carries a stable ``code`` for programs, a sentence for people and a ``hint`` that says what to do.
"""

from __future__ import annotations

from typing import ClassVar


class AnalysisError(ValueError):
    """The input cannot be analysed.

    Parameters
    ----------
    message : str
        What is wrong, naming the column, the unit or the parameter.
    hint : str
        What to do about it.
    """

    code: ClassVar[str] = "analysis_error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint


class ParameterError(AnalysisError):
    """A parameter is missing, contradictory or out of range."""

    code = "parameter"


class CoordinateError(AnalysisError):
    """Coordinates are degrees where metres are needed, are not finite, or have no coordinate reference system."""

    code = "coordinates"


class EmptyInputError(AnalysisError):
    """There is nothing to analyse."""

    code = "empty_input"


class TooFewEventsError(AnalysisError):
    """The statistic is not defined on so few events."""

    code = "too_few_events"


class ZeroVarianceError(AnalysisError):
    """Every cell holds the same count, so nothing can be hotter than the rest."""

    code = "zero_variance"


class GeometryError(AnalysisError):
    """A geometry is invalid, empty or of an unexpected type."""

    code = "geometry"


class UnitsError(AnalysisError):
    """Areal units have missing or impossible attributes."""

    code = "units"


class TimePrecisionError(AnalysisError):
    """Times are known to the day or the month where the hour or the day is asked for."""

    code = "time_precision"
