"""The CPTED catalogue: what can be done about a place, by which principle, and what is known of its benefit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analysis.errors import ParameterError

Principle = Literal[
    "natural_surveillance",
    "access_control",
    "territorial_reinforcement",
    "image_and_maintenance",
    "activity_support",
    "target_hardening",
    "social_cohesion",
    "road_safety",
    "public_health",
]
Shape = Literal["point", "line", "polygon"]


@dataclass(frozen=True)
class BenefitRange:
    """Share of the crimes around a fix that it prevents, from pessimistic to optimistic.

    Attributes
    ----------
    low, middle, high : float
        0 to 1, ascending; `low` is zero unless there is proof from the town itself.

    Raises
    ------
    ParameterError
        Shares that are none, or not ascending.
    """

    low: float = 0.0
    middle: float = 0.19
    high: float = 0.36

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.middle <= self.high <= 1.0:
            raise ParameterError(
                f"The benefit {self.low}, {self.middle}, {self.high} is no range.",
                "Give shares from 0 to 1, ascending.",
            )


@dataclass(frozen=True)
class FixKind:
    """An entry of the catalogue.

    Attributes
    ----------
    code : str
        Stable name, as in the ``kind`` of a fix.
    name : str
    principle : str
        The CPTED principle that it works by, see `Principle`.
    shapes : tuple of str
        Geometries that it can have.
    owner : str
        Who usually does it.
    reach_m : float
        How far it works, metres; a rule of thumb.
    benefit : BenefitRange or None
        On crime; None: not known, so that it is chosen for the concern it serves and not for crime.
    evidence : str
        Where the benefit comes from.
    """

    code: str
    name: str
    principle: Principle
    shapes: tuple[Shape, ...]
    owner: str
    reach_m: float
    benefit: BenefitRange | None
    evidence: str


LIGHTS = (
    "Welsh, Farrington and Douglas 2022: 14 % fewer crimes; Chalfin et al. 2022: 36 % fewer serious crimes at night."
)
CAMERAS = "Piza et al. 2019: 13 % fewer crimes over 76 studies, mostly in car parks; little against violence."
GATES = "Sidebottom et al. 2018: modest falls in burglary; residents must carry the keys."
BUILDINGS = "Branas et al. 2016: new doors and windows at abandoned houses, 39 % fewer gun assaults around them."
LOTS = "Branas et al. 2018 (randomised): 13 % fewer crimes around cleaned lots in poor quarters."
MANAGERS = "Eck and Guerette 2012: most studies of place managers find falls, few had controls."
LOCKS = "Tseloni et al. 2017: homes with good locks are burgled less; no experiment."
WATCHES = "Bennett et al. 2008: neighbourhood watch, 16 to 26 % fewer crimes, in weak designs."
NOT_KNOWN = "No controlled study that carries over to other towns."

ANYWHERE: tuple[Shape, ...] = ("point", "line", "polygon")
SPOT_OR_AREA: tuple[Shape, ...] = ("point", "polygon")
SPOT_OR_STRETCH: tuple[Shape, ...] = ("point", "line")
SPOT: tuple[Shape, ...] = ("point",)
AREA: tuple[Shape, ...] = ("polygon",)
STRETCH_OR_AREA: tuple[Shape, ...] = ("line", "polygon")

CATALOGUE: tuple[FixKind, ...] = (
    FixKind("lighting", "Street lighting", "natural_surveillance",
            ANYWHERE, "municipality", 50.0, BenefitRange(0.0, 0.19, 0.36), LIGHTS),
    FixKind("greenery", "Cut hedges and trees that hide people", "natural_surveillance",
            ANYWHERE, "municipality", 40.0, None, NOT_KNOWN),
    FixKind("surveillance", "Camera", "natural_surveillance",
            SPOT, "police", 100.0, BenefitRange(0.0, 0.13, 0.25), CAMERAS),
    FixKind("sight_line", "Open a view: mirror, glazed wall, wider passage", "natural_surveillance",
            SPOT_OR_STRETCH, "municipality", 40.0, None, NOT_KNOWN),
    FixKind("gate", "Gate an alley or a yard at night", "access_control",
            SPOT_OR_STRETCH, "residents", 100.0, None, GATES),
    FixKind("entry_door", "Self-closing entrance door", "access_control",
            SPOT, "housing company", 20.0, None, NOT_KNOWN),
    FixKind("boundary", "Fence, threshold or sign that shows whose place it is", "territorial_reinforcement",
            STRETCH_OR_AREA, "municipality", 40.0, None, NOT_KNOWN),
    FixKind("maintenance", "Repair, paint, remove graffiti and waste", "image_and_maintenance",
            ANYWHERE, "municipality", 60.0, None, NOT_KNOWN),
    FixKind("secure_building", "Board up, clear or reuse an abandoned building", "image_and_maintenance",
            SPOT_OR_AREA, "municipality", 100.0, BenefitRange(0.0, 0.19, 0.39), BUILDINGS),
    FixKind("vacant_lot", "Clean and plant a vacant lot", "image_and_maintenance",
            AREA, "municipality", 100.0, BenefitRange(0.0, 0.07, 0.13), LOTS),
    FixKind("management", "Place manager, closing times, licence rules", "activity_support",
            ANYWHERE, "municipality", 100.0, None, MANAGERS),
    FixKind("sport", "Sport or play ground, lit and supervised", "activity_support",
            SPOT_OR_AREA, "municipality", 150.0, None, NOT_KNOWN),
    FixKind("market_place", "Market stand or kiosk that keeps a place alive", "activity_support",
            SPOT_OR_AREA, "municipality", 80.0, None, NOT_KNOWN),
    FixKind("locks", "Locks, shutters, marked property", "target_hardening",
            SPOT_OR_AREA, "residents", 50.0, None, LOCKS),
    FixKind("cycle_parking", "Secure cycle and car parking", "target_hardening",
            SPOT_OR_AREA, "municipality", 50.0, None, NOT_KNOWN),
    FixKind("neighbour_meeting", "Neighbour meeting, walk or group", "social_cohesion",
            SPOT_OR_AREA, "police", 200.0, BenefitRange(0.0, 0.16, 0.26), WATCHES),
    FixKind("street_work", "Street work with young people", "social_cohesion",
            AREA, "school", 200.0, None, NOT_KNOWN),
    FixKind("crossing", "Safe crossing", "road_safety",
            SPOT_OR_STRETCH, "municipality", 40.0, None, NOT_KNOWN),
    FixKind("traffic_calming", "Traffic calming", "road_safety",
            ANYWHERE, "municipality", 80.0, None, NOT_KNOWN),
    FixKind("animal_control", "Stray animals: catch, neuter, shelter", "public_health",
            SPOT_OR_AREA, "municipality", 200.0, None, NOT_KNOWN),
)  # fmt: skip
"""A row a kind: code, name, principle; shapes, owner, reach, benefit, evidence."""


def fix_kind(code: str) -> FixKind:
    """Return an entry of the catalogue.

    Parameters
    ----------
    code : str

    Returns
    -------
    FixKind

    Raises
    ------
    ParameterError
        There is no such kind of fix.

    Examples
    --------
    >>> fix_kind("lighting").benefit
    BenefitRange(low=0.0, middle=0.19, high=0.36)
    """
    for kind in CATALOGUE:
        if kind.code == code:
            return kind
    known = ", ".join(kind.code for kind in CATALOGUE)
    raise ParameterError(f"There is no kind of fix {code!r}.", f"Use one of {known}.")
