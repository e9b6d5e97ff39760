"""What counts how much: even workload against compact shapes, residents who keep their beat."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from analysis.errors import ParameterError

RANGE = 4.0
"""At either end of the setting one weight is four times what it is in the middle and the other a quarter."""


@dataclass(frozen=True)
class Weights:
    """Weights of the energy; see :class:`analysis.beats.energy.Rules`.

    Attributes
    ----------
    breach : float
        Residents out of bounds.
    workload : float
        Uneven workload.
    compactness : float
        Ragged shape.
    continuity : float
        One resident who changes beat.
    min_max : bool
        Whether the workload of the busiest beat is made as small as possible before shapes count; meant for zones of up
        to a few hundred units, where beats then equal the proven optimum.
    """

    breach: float = 20.0
    workload: float = 1.0
    compactness: float = 0.5
    continuity: float = 2e-4
    min_max: bool = False

    def __post_init__(self) -> None:
        for name in ("breach", "workload", "compactness", "continuity"):
            value = getattr(self, name)
            if not (value >= 0 and math.isfinite(value)):
                raise ParameterError(f"The weight '{name}' of beats is {value}.", "Give a number, zero or more.")

    def with_evenness(self, evenness: float) -> Weights:
        """Return weights that lean towards even workload (1) or towards compact shapes (0).

        Parameters
        ----------
        evenness : float
            Setting from 0 to 1; 0.5 leaves the weights as they are.

        Returns
        -------
        Weights

        Raises
        ------
        ParameterError
            When the setting is not from 0 to 1.

        Notes
        -----
        The workload's weight is multiplied by ``4 ** (2 evenness - 1)`` and that of compactness divided by it.

        Examples
        --------
        >>> weights = Weights().with_evenness(1.0)
        >>> weights.workload, weights.compactness
        (4.0, 0.125)
        """
        if not 0.0 <= evenness <= 1.0:
            raise ParameterError(f"The evenness is {evenness}.", "Give a number from 0 (compact) to 1 (even).")
        lean = RANGE ** (2.0 * evenness - 1.0)
        return replace(self, workload=self.workload * lean, compactness=self.compactness / lean)
