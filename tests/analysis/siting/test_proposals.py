"""Rules propose with their evidence, keep crime and concern apart, and take nothing for granted."""

from typing import get_args

import pytest

from analysis.errors import ParameterError
from analysis.siting.catalogue import CATALOGUE, Principle, fix_kind
from analysis.siting.proposals import PlaceEvidence, propose_fixes


def rules(place):
    return {proposal.rule: proposal for proposal in propose_fixes(place)}


def test_the_catalogue_is_complete_and_promises_nothing():
    assert len({kind.code for kind in CATALOGUE}) == len(CATALOGUE)
    assert {kind.principle for kind in CATALOGUE} == set(get_args(Principle))
    assert all(kind.benefit is None or kind.benefit.low == 0 for kind in CATALOGUE)
    assert all(kind.evidence and kind.reach_m > 0 and kind.shapes for kind in CATALOGUE)
    with pytest.raises(ParameterError, match="no kind of fix 'magic'"):
        fix_kind("magic")


def test_nothing_known_proposes_nothing():
    assert propose_fixes(PlaceEvidence()) == ()
    assert propose_fixes(PlaceEvidence(unlit_share=1.0)) == ()
    assert propose_fixes(PlaceEvidence(night_events=90, day_events=3)) == ()


def test_light_where_it_is_dark_and_worse_at_night():
    found = rules(PlaceEvidence(unlit_share=0.75, night_events=30, day_events=12, night_odds_low=1.4))
    light = found["dark_and_worse_at_night"]
    assert light.kind.code == "lighting"
    assert light.evidence == (
        "75 % of the known street is unlit; 30 events in the dark against 12 by day; the odds of night are at least "
        "1.4 times those at lit streets."
    )
    assert (light.from_crime, light.from_concern) == (True, False)


def test_light_for_fear_alone_says_so():
    light = rules(PlaceEvidence(unlit_share=0.9, reporters={"dark-passage": 4, "street-lighting": 2}))[
        "dark_and_feared"
    ]
    assert (light.from_crime, light.from_concern) == (False, True)
    assert "4 people report darkness" in light.evidence
    assert "not worse at night" in light.against


def test_repair_comes_first():
    assert rules(PlaceEvidence(lamps_out=1))["lamps_out"].evidence == "1 lamp does not work."
    assert "Repair before" in rules(PlaceEvidence(lamps_out=3))["lamps_out"].against


@pytest.mark.parametrize(
    ("concern", "kind"),
    [
        ("abandoned-building", "secure_building"),
        ("vandalism", "maintenance"),
        ("public-drinking", "management"),
        ("aggressive-groups", "street_work"),
        ("drugs", "management"),
        ("pedestrian-crossing", "crossing"),
        ("traffic", "traffic_calming"),
        ("stray-dogs", "animal_control"),
        ("missing-camera", "surveillance"),
    ],
)
def test_three_distinct_reporters_make_a_concern(concern, kind):
    assert propose_fixes(PlaceEvidence(reporters={concern: 2})) == ()
    (proposal,) = propose_fixes(PlaceEvidence(reporters={concern: 3}))
    assert proposal.kind.code == kind
    assert proposal.evidence.startswith("3 people report ")
    assert not proposal.from_crime


def test_crime_rules():
    found = rules(PlaceEvidence(burglaries=7, thefts=15, repeat_share=0.4))
    assert found["burglary"].evidence == "7 burglaries in a year."
    assert found["theft"].kind.principle == "target_hardening"
    assert found["same_addresses"].evidence.startswith("40 % of the events")
    assert all(proposal.from_crime for proposal in found.values())
    assert propose_fixes(PlaceEvidence(burglaries=4, thefts=9, repeat_share=0.3)) == ()
