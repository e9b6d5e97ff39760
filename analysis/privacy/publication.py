"""Which danger zones and dates may be public."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from analysis.errors import ParameterError
from analysis.privacy.public_categories import public_category
from analysis.space_time.local_time import instants

LEAST_REPORTERS = 3

Reason = Literal["not_moderated", "sensitive_category", "too_few_reporters"]


@dataclass(frozen=True)
class Publication:
    """Whether a danger zone may be public.

    Attributes
    ----------
    public : bool
    category : str or None
        Its public category; None where it is not public.
    reasons : tuple of str
        Why not: ``not_moderated``, ``sensitive_category``, ``too_few_reporters``.
    """

    public: bool
    category: str | None
    reasons: tuple[Reason, ...]


def may_be_public(
    category: str, *, distinct_reporters: int, moderated: bool, officer_verified: bool = False
) -> Publication:
    """Tell whether a danger zone may be shown in public, and as what.

    Parameters
    ----------
    category : str
        Code of the concern.
    distinct_reporters : int
        Different people who reported it; staff do not count.
    moderated : bool
        Somebody read its words and photos.
    officer_verified : bool
        An officer saw for themselves: then it points at nobody in particular.

    Returns
    -------
    Publication
        Public after moderation with three distinct reporters or an officer's verification.

    Raises
    ------
    ParameterError
        A negative number of reporters.

    Examples
    --------
    >>> may_be_public("street-lighting", distinct_reporters=2, moderated=True).reasons
    ('too_few_reporters',)
    >>> may_be_public("drugs", distinct_reporters=5, moderated=True).category
    'other'
    """
    if distinct_reporters < 0:
        raise ParameterError(f"There are {distinct_reporters} reporters.", "Give a number of zero or more.")
    shown = public_category(category)
    checks: tuple[tuple[Reason, bool], ...] = (
        ("not_moderated", not moderated),
        ("sensitive_category", shown is None),
        ("too_few_reporters", distinct_reporters < LEAST_REPORTERS and not officer_verified),
    )
    reasons = tuple(reason for reason, fails in checks if fails)
    return Publication(not reasons, None if reasons else shown, reasons)


def public_months(times: Any, zone: str) -> npt.NDArray[np.object_]:
    """Return the month of each time, which is all of it that may be public.

    Parameters
    ----------
    times : array_like of datetime, shape (n,)
        See `analysis.space_time.local_time.instants`.
    zone : str
        IANA name of the local zone.

    Returns
    -------
    ndarray of object, shape (n,)
        ``YYYY-MM`` on the local calendar, None where the time is missing.

    Raises
    ------
    ParameterError, EmptyInputError
        No times, or no such zone.

    Examples
    --------
    >>> public_months(["2024-03-31 23:30"], "Europe/Riga").tolist()
    ['2024-03']
    """
    read = instants(times, zone)
    months: npt.NDArray[np.object_] = read.local_month.astype("datetime64[M]").astype(str).astype(object)
    months[~read.known] = None
    return months
