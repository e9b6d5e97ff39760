"""How concentrated events are at few places: share at the worst places, Lorenz curve, Gini and generalised Gini."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.errors import EmptyInputError, ParameterError, TooFewEventsError
from analysis.projection import FloatArray


@dataclass(frozen=True)
class Concentration:
    """How concentrated events are.

    Attributes
    ----------
    n_places, n_events, n_places_with_events : int
    worst_share : float
        Part of the places looked at, 0 to 1.
    share_in_worst : float
        Part of the events at the worst `worst_share` of the places, 0 to 1.
    even_share_in_worst : float
        The same if the events lay as evenly as whole events can: above `worst_share` where there are fewer events than
        places, so that concentration is not mistaken for scarcity.
    places_for_quarter, places_for_half : float
        Least part of the places that holds 25 % and 50 % of the events.
    gini : float
        0 (every place the same) to 1 (one place has all), against perfect equality.
    generalised_gini : float
        The same against the greatest equality possible with so few events; equal to `gini` with at least as many
        events as places.
    place_share, event_share : ndarray of float64, shape (n_places + 1,)
        Lorenz curve, busiest places first, from (0, 0) to (1, 1).
    """

    n_places: int
    n_events: int
    n_places_with_events: int
    worst_share: float
    share_in_worst: float
    even_share_in_worst: float
    places_for_quarter: float
    places_for_half: float
    gini: float
    generalised_gini: float
    place_share: FloatArray
    event_share: FloatArray

    @property
    def reading(self) -> str:
        """One paragraph in plain language."""
        text = (
            f"The worst {self.worst_share:.0%} of {self.n_places:,} places hold {self.share_in_worst:.1%} of "
            f"{self.n_events:,} events; spread as evenly as possible it would be {self.even_share_in_worst:.1%}. Half "
            f"of the events are at {self.places_for_half:.1%} of the places, and "
            f"{1 - self.n_places_with_events / self.n_places:.1%} of the places have none."
        )
        if self.n_events < self.n_places:
            text += (
                f" There are fewer events than places, so the generalised Gini coefficient ({self.generalised_gini:.2f}"
                f") is to be reported, not the plain one ({self.gini:.2f}), which counts scarcity as concentration."
            )
            return text
        return f"{text} The Gini coefficient is {self.gini:.2f}."


def concentration(counts: npt.ArrayLike, *, worst_share: float = 0.05) -> Concentration:
    """Measure how concentrated events are at few places.

    Parameters
    ----------
    counts : array_like of int, shape (n_places,)
        Events of every place (street segment, cell, address), also of those without any: leaving them out makes the
        concentration look smaller.
    worst_share : float
        Part of the places to look at, over 0 and up to 1.

    Returns
    -------
    Concentration

    Raises
    ------
    EmptyInputError
        There is no place.
    TooFewEventsError
        There is no event.
    ParameterError
        Counts that are not whole numbers of zero or more, or a share out of range.

    Notes
    -----
    Where `worst_share` is no whole number of places, the last one counts in part (the Lorenz curve is straight between
    places). With c events at n places and y_i their shares in ascending order,
    ``G = (2 sum(i y_i) - n - 1) / n`` and
    ``G' = max(1/c, 1/n) (2 sum(i y_i) - n - 1) - max(n/c, 1) + 1``: twice the area between the Lorenz curve and that of
    greatest equality, on which c places have one event each, as part of the area above the latter.

    References
    ----------
    Bernasco, W. and Steenbeek, W. (2017). More places than crimes: implications for evaluating the law of crime
    concentration at place. Journal of Quantitative Criminology 33.
    Weisburd, D. (2015). The law of crime concentration and the criminology of place. Criminology 53(2).

    Examples
    --------
    >>> found = concentration([3, 1, 1, 0, 0, 0, 0, 0, 0, 0], worst_share=0.1)
    >>> found.share_in_worst, round(found.gini, 2), round(found.generalised_gini, 2)
    (0.6, 0.78, 0.56)
    """
    values = np.asarray(counts)
    if values.ndim != 1 or values.size == 0:
        raise EmptyInputError("There is no place.", "Give the events of every place, also of those without any.")
    if not 0.0 < worst_share <= 1.0:
        raise ParameterError(f"The worst share is {worst_share}.", "Give a part over 0 and up to 1, such as 0.05.")
    if values.dtype.kind not in "iu" or (values < 0).any():
        raise ParameterError("The counts are not whole numbers of zero or more.", "Give whole numbers of events.")
    busiest = np.sort(values.astype(np.int64))[::-1]
    n, total = int(busiest.size), int(busiest.sum())
    if total == 0:
        raise TooFewEventsError("There is no event at any place.", "Check that events and places are of one town.")
    held = np.r_[0, np.cumsum(busiest)]
    place_share, event_share = np.arange(n + 1) / n, held / total
    excess = 2 * math.fsum(np.arange(n, 0, -1) * (busiest / total)) - n - 1
    return Concentration(
        n_places=n,
        n_events=total,
        n_places_with_events=int(np.count_nonzero(busiest)),
        worst_share=float(worst_share),
        share_in_worst=float(np.interp(worst_share * n, np.arange(n + 1), held)) / total,
        even_share_in_worst=_even_share(worst_share * n, n, total),
        places_for_quarter=_places_for(0.25, held, n),
        places_for_half=_places_for(0.5, held, n),
        gini=max(0.0, excess / n),
        generalised_gini=max(0.0, max(1 / total, 1 / n) * excess - max(n / total, 1.0) + 1.0),
        place_share=place_share,
        event_share=event_share,
    )


def _even_share(places: float, n: int, total: int) -> float:
    """Return the share of the events at the busiest places when whole events lie as evenly as they can."""
    each, more = divmod(total, n)
    return (each * places + min(places, more)) / total


def _places_for(share: float, held: npt.NDArray[np.int64], n: int) -> float:
    """Return the least part of the places that holds a share of the events, the last one taken in part."""
    wanted = share * float(held[-1])
    last = int(np.searchsorted(held, wanted, side="left"))
    before = float(held[last - 1])
    return (last - 1 + (wanted - before) / (float(held[last]) - before)) / n
