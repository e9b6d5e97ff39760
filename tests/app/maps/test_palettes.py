from itertools import combinations, pairwise

import numpy as np
import pytest
from colour_difference import ciede2000, contrast, seen_lab, smallest_difference

from app.maps import palettes

ADJACENT = 5.0
"""Twice what is just noticeable, for classes whose order also shows in the legend."""
ANY_TWO = 10.0


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_difference_agrees_with_the_published_pairs(one, other, difference):
    assert ciede2000(np.array(one), np.array(other)) == pytest.approx(difference, abs=1e-4)


def test_red_and_green_are_alike_to_a_deuteranope_and_red_and_blue_are_not():
    green_and_yellow = seen_lab("#d9ef8b", "deuteranopia"), seen_lab("#fee08b", "deuteranopia")
    assert ciede2000(*green_and_yellow) < ADJACENT
    assert smallest_difference("#ef8a62", "#67a9cf") > ANY_TWO


def test_neighbouring_significance_classes_differ_for_everybody():
    colours = [palettes.GETIS_ORD_COLOURS[gi_bin] for gi_bin in range(-3, 4)]
    assert min(smallest_difference(*pair) for pair in pairwise(colours)) > ADJACENT


def test_hot_is_never_mistaken_for_cold():
    for strength in (1, 2, 3):
        hot = palettes.GETIS_ORD_COLOURS[strength]
        assert all(smallest_difference(hot, palettes.GETIS_ORD_COLOURS[-cold]) > ANY_TWO for cold in (1, 2, 3))


def test_density_classes_differ_and_darken():
    ramp = palettes.DENSITY_RAMP
    assert min(smallest_difference(*pair) for pair in pairwise(("#ffffff", *ramp))) > ADJACENT
    lightness = [seen_lab(colour, "normal")[0] for colour in ramp]
    assert lightness == sorted(lightness, reverse=True)


def test_any_two_beats_can_be_told_apart():
    assert min(smallest_difference(*pair) for pair in combinations(palettes.BEAT_COLOURS, 2)) > ANY_TWO


@pytest.mark.parametrize(
    "colours",
    [
        palettes.LIGHT_STATE_COLOURS,
        palettes.ZONE_GROUP_COLOURS,
        palettes.FIX_STATUS_COLOURS,
        palettes.STREET_LIGHTING_COLOURS,
        palettes.PRINCIPLE_COLOURS,
        palettes.RANKING_COLOURS,
        palettes.EVALUATION_COLOURS,
        palettes.MISMATCH_COLOURS,
    ],
    ids=["lights", "zones", "fixes", "streets", "principles", "ranking", "evaluation", "mismatch"],
)
def test_any_two_states_of_a_symbol_can_be_told_apart(colours):
    assert min(smallest_difference(*pair) for pair in combinations(colours.values(), 2)) > ANY_TWO


def test_labels_can_be_read_on_every_beat():
    assert min(contrast(palettes.INK, colour) for colour in palettes.BEAT_COLOURS) >= 4.5


def test_lines_that_carry_meaning_stand_out():
    assert contrast(palettes.OUT_OF_BOUNDS, "#ffffff") >= 3
    assert contrast(palettes.BOUNDARY, palettes.OUTSIDE) >= 3
