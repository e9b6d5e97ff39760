"""The counts of an evaluation: before and after a fix, in the treated area, its control and the buffers around both."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from analysis.errors import ParameterError


@dataclass(frozen=True)
class BeforeAfter:
    """Events of an area before and after a fix.

    Attributes
    ----------
    before, after : float
        Zero or more; an expected count (for example an empirical Bayes baseline) may be a fraction.

    Raises
    ------
    ParameterError
        A count that is negative or not finite.
    """

    before: float
    after: float

    def __post_init__(self) -> None:
        for when, count in (("before", self.before), ("after", self.after)):
            if not (math.isfinite(count) and count >= 0):
                raise ParameterError(f"The count {when} is {count}.", "Give a number of events, zero or more.")

    @property
    def total(self) -> float:
        """Events of both periods."""
        return self.before + self.after


@dataclass(frozen=True)
class AreaWeights:
    """Size of each area (km2, street metres, residents), where counts are to be compared per unit of it.

    Attributes
    ----------
    control, treated, displacement_control, displacement_treated : float
        Above zero; counts are divided by them.

    Raises
    ------
    ParameterError
        A weight that is not above zero.
    """

    control: float = 1.0
    treated: float = 1.0
    displacement_control: float = 1.0
    displacement_treated: float = 1.0

    def __post_init__(self) -> None:
        weights = (self.control, self.treated, self.displacement_control, self.displacement_treated)
        if not all(math.isfinite(weight) and weight > 0 for weight in weights):
            raise ParameterError(f"The area weights are {weights}.", "Give sizes above zero.")


@dataclass(frozen=True)
class CountDesign:
    """Counts of two periods in the areas that an evaluation compares.

    Attributes
    ----------
    treated : BeforeAfter
        Where the fix is.
    control : BeforeAfter or None
        A similar place where nothing was done; None makes the evaluation uncontrolled.
    displacement_treated, displacement_control : BeforeAfter or None
        The buffer around each, where crime may have moved to; both or neither.
    time_weights : tuple of float
        Length of the period before and after (months, days), above zero; counts are divided by them.
    area_weights : AreaWeights

    Raises
    ------
    ParameterError
        One buffer without the other, buffers without a control, or lengths that are not above zero.
    """

    treated: BeforeAfter
    control: BeforeAfter | None = None
    displacement_treated: BeforeAfter | None = None
    displacement_control: BeforeAfter | None = None
    time_weights: tuple[float, float] = (1.0, 1.0)
    area_weights: AreaWeights = field(default_factory=AreaWeights)

    def __post_init__(self) -> None:
        if (self.displacement_treated is None) != (self.displacement_control is None):
            raise ParameterError(
                "Only one of the two displacement buffers is given.",
                "Give the counts of the buffer around the treated area and of that around the control, or neither.",
            )
        if self.displacement_control is not None and self.control is None:
            raise ParameterError("There are buffers but no control area.", "Give the counts of the control area.")
        if not all(math.isfinite(weight) and weight > 0 for weight in self.time_weights):
            raise ParameterError(f"The time weights are {self.time_weights}.", "Give lengths above zero.")

    @property
    def areas(self) -> dict[str, BeforeAfter]:
        """The areas that are given, by name."""
        named = {
            "treated": self.treated,
            "control": self.control,
            "displacement_treated": self.displacement_treated,
            "displacement_control": self.displacement_control,
        }
        return {name: counts for name, counts in named.items() if counts is not None}

    @property
    def total(self) -> float:
        """Events of all areas and both periods."""
        return sum(counts.total for counts in self.areas.values())


def required_control(design: CountDesign, method: str) -> BeforeAfter:
    """Return the counts of the control area, refusing a design without one.

    Parameters
    ----------
    design : CountDesign
    method : str
        What needs it, for the message.

    Returns
    -------
    BeforeAfter

    Raises
    ------
    ParameterError
        There is no control area.
    """
    if design.control is None:
        raise ParameterError(f"The {method} needs a control area.", "Give its counts before and after.")
    return design.control


def checked_level(dispersion: float, confidence: float) -> None:
    """Refuse an impossible dispersion or confidence.

    Parameters
    ----------
    dispersion : float
        Variance of a count over its mean, at least 1.
    confidence : float
        Between 0 and 1.

    Raises
    ------
    ParameterError
    """
    if not (math.isfinite(dispersion) and dispersion >= 1):
        raise ParameterError(f"The dispersion is {dispersion}.", "Give variance over mean, a number of at least 1.")
    if not 0 < confidence < 1:
        raise ParameterError(f"The confidence is {confidence}.", "Give a number between 0 and 1, such as 0.95.")
