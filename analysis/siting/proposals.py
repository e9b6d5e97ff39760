"""Rules that propose a fix from what is known about a place, and print the evidence that made them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from analysis.siting.catalogue import FixKind, fix_kind

LEAST_REPORTERS = 3
"""Distinct reporters from whom on a concern is more than one voice."""

UNLIT_FROM = 0.5
LEAST_EVENTS = 10
BURGLARIES_FROM = 5


@dataclass(frozen=True)
class PlaceEvidence:
    """What is known about a place; None: not known, which no rule takes for an answer.

    Attributes
    ----------
    unlit_share : float or None
        Of the known metres of street, 0 to 1 (`StreetLighting`).
    lamps_out : int or None
        Lamps of the inventory that do not work.
    night_events, day_events : float or None
        Expected events in the dark and by day, in a year.
    night_odds_low : float or None
        Lower end of the interval of the night/day odds against lit streets (`darkness_odds`).
    burglaries, thefts : float or None
        In a year.
    repeat_share : float or None
        Share of events at addresses that had one before.
    reporters : mapping of str to int
        Distinct reporters by code of concern, such as ``"abandoned-building"``.
    """

    unlit_share: float | None = None
    lamps_out: int | None = None
    night_events: float | None = None
    day_events: float | None = None
    night_odds_low: float | None = None
    burglaries: float | None = None
    thefts: float | None = None
    repeat_share: float | None = None
    reporters: Mapping[str, int] = field(default_factory=dict)

    def voices(self, *concerns: str) -> int:
        """Return how many distinct reporters named one of some concerns, at least.

        Parameters
        ----------
        *concerns : str
            Codes; somebody may have named several, so the largest counts and not the sum.

        Returns
        -------
        int
        """
        return max((self.reporters.get(concern, 0) for concern in concerns), default=0)


@dataclass(frozen=True)
class Proposal:
    """A fix proposed for a place.

    Attributes
    ----------
    rule : str
        Stable name of the rule.
    kind : FixKind
    evidence : str
        The facts that made the rule fire, with their figures.
    against : str
        What speaks against it or must be looked at first; empty where nothing does.
    from_crime, from_concern : bool
        Whether recorded crime or what residents say led to it: kept apart, both may be true.
    """

    rule: str
    kind: FixKind
    evidence: str
    against: str
    from_crime: bool
    from_concern: bool


def propose_fixes(place: PlaceEvidence) -> tuple[Proposal, ...]:
    """Propose fixes for a place.

    Parameters
    ----------
    place : PlaceEvidence

    Returns
    -------
    tuple of Proposal
        In the order of the rules, each with its evidence; empty where nothing is known that a rule asks for.

    Examples
    --------
    >>> place = PlaceEvidence(unlit_share=0.8, night_events=24, day_events=10, reporters={"dark-passage": 6})
    >>> for proposal in propose_fixes(place):
    ...     print(proposal.rule, "->", proposal.kind.code)
    dark_and_worse_at_night -> lighting
    >>> print(propose_fixes(place)[0].evidence)
    80 % of the known street is unlit; 24 events in the dark against 10 by day; 6 people report darkness.
    """
    found = (rule(place) for rule in (_lamps_out, _dark, *_CONCERN_RULES, _burglary, _cycle_theft, _repeats))
    return tuple(proposal for proposal in found if proposal is not None)


def _lamps_out(place: PlaceEvidence) -> Proposal | None:
    if not place.lamps_out:
        return None
    evidence = f"{place.lamps_out} {'lamp does' if place.lamps_out == 1 else 'lamps do'} not work."
    against = "Repair before anything new is built."
    return Proposal("lamps_out", fix_kind("lighting"), evidence, against, from_crime=False, from_concern=False)


def _dark(place: PlaceEvidence) -> Proposal | None:
    """Unlit, and worse at night or feared: light. Unlit alone is no ground."""
    if place.unlit_share is None or place.unlit_share < UNLIT_FROM:
        return None
    night, day = place.night_events, place.day_events
    cluster = night is not None and day is not None and night >= LEAST_EVENTS and night > day
    odds = place.night_odds_low is not None and place.night_odds_low > 1
    voices = place.voices("street-lighting", "dark-passage")
    feared = voices >= LEAST_REPORTERS
    if not (cluster or odds or feared):
        return None
    facts = [f"{place.unlit_share:.0%} of the known street is unlit".replace("%", " %")]
    if cluster:
        facts.append(f"{night:.0f} events in the dark against {day:.0f} by day")
    if odds:
        facts.append(f"the odds of night are at least {place.night_odds_low:.1f} times those at lit streets")
    if voices:
        facts.append(f"{_people(voices)} darkness")
    against = "" if cluster or odds else "Recorded crime is not worse at night: it serves the concern."
    evidence = f"{'; '.join(facts)}."
    rule = "dark_and_worse_at_night" if cluster or odds else "dark_and_feared"
    return Proposal(rule, fix_kind("lighting"), evidence, against, from_crime=cluster or odds, from_concern=feared)


def _people(number: int) -> str:
    return f"{number} people report" if number > 1 else "1 person reports"


def _concern_rule(
    rule: str, kind: str, concerns: tuple[str, ...], words: str, against: str = ""
) -> Callable[[PlaceEvidence], Proposal | None]:
    """Return a rule that fires on enough distinct reporters of a concern."""

    def propose(place: PlaceEvidence) -> Proposal | None:
        voices = place.voices(*concerns)
        if voices < LEAST_REPORTERS:
            return None
        evidence = f"{_people(voices)} {words}."
        return Proposal(rule, fix_kind(kind), evidence, against, from_crime=False, from_concern=True)

    return propose


_CONCERN_RULES = (
    _concern_rule("abandoned_building", "secure_building", ("abandoned-building",), "an abandoned building",
                  "Find the owner first."),
    _concern_rule("decay", "maintenance", ("vandalism", "environment"), "vandalism or decay"),
    _concern_rule("drinking_in_public", "management", ("public-drinking", "drunk-persons"), "drinking in public",
                  "Ask who drinks there and what is sold nearby: sending them on moves the trouble."),
    _concern_rule("groups", "street_work", ("aggressive-groups", "school-violence"), "groups or violence of the young",
                  "Talk with them before anything is built."),
    _concern_rule("trade", "management", ("illegal-trade", "drugs"), "trade in the street",
                  "A matter for police work as well."),
    _concern_rule("no_safe_crossing", "crossing", ("pedestrian-crossing",), "a missing crossing"),
    _concern_rule("fast_traffic", "traffic_calming", ("traffic",), "traffic"),
    _concern_rule("stray_dogs", "animal_control", ("stray-dogs",), "stray dogs"),
    _concern_rule("camera_asked_for", "surveillance", ("missing-camera",), "a missing camera",
                  "Cameras do little against violence and watch everybody: light and sight first."),
)  # fmt: skip


def _burglary(place: PlaceEvidence) -> Proposal | None:
    if place.burglaries is None or place.burglaries < BURGLARIES_FROM:
        return None
    evidence = f"{place.burglaries:.0f} burglaries in a year."
    return Proposal("burglary", fix_kind("locks"), evidence, "", from_crime=True, from_concern=False)


def _cycle_theft(place: PlaceEvidence) -> Proposal | None:
    if place.thefts is None or place.thefts < LEAST_EVENTS:
        return None
    evidence = f"{place.thefts:.0f} thefts in a year."
    against = "Only if they are of cycles or from cars: look at the categories."
    return Proposal("theft", fix_kind("cycle_parking"), evidence, against, from_crime=True, from_concern=False)


def _repeats(place: PlaceEvidence) -> Proposal | None:
    if place.repeat_share is None or place.repeat_share < 1 / 3:
        return None
    evidence = f"{place.repeat_share:.0%} of the events are at addresses that had one before.".replace("%", " %")
    return Proposal("same_addresses", fix_kind("neighbour_meeting"), evidence, "Visit these addresses first.",
                    from_crime=True, from_concern=False)  # fmt: skip
