"""Rules of bandwidth: both axes, ties, and cross-validation against its definition."""

import numpy as np
import pandas as pd
import pytest
import shapely

from analysis.density import bandwidth_rules
from analysis.density.bandwidth import distinct_places, suggest_bandwidth
from analysis.density.bandwidth_rules import RULES, choose_bandwidth, cross_validation_scores
from analysis.density.kernel_density import kernel_density
from analysis.errors import EmptyInputError, ParameterError
from analysis.grids.square import square_grid


def clusters(seed, n=600):
    random = np.random.default_rng(seed)
    centres = random.uniform(0, 10_000, (12, 2))
    return (centres[random.integers(0, 12, n)] + random.normal(0, 300, (n, 2))).T


def score_by_definition(x, y, h):
    """Integrate the squared density on a fine lattice, and leave out each event in turn."""
    squared = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    density = np.exp(-0.5 * squared / h**2) / (2 * np.pi * h**2)
    left_out = (density.sum(axis=1) - np.diag(density)) / (x.size - 1)
    step = h / 4
    gx = np.arange(x.min() - 6 * h, x.max() + 6 * h, step)
    gy = np.arange(y.min() - 6 * h, y.max() + 6 * h, step)
    along = np.exp(-0.5 * ((gx[:, None] - x) / h) ** 2)
    across = np.exp(-0.5 * ((gy[:, None] - y) / h) ** 2)
    estimate = across @ along.T / (2 * np.pi * h**2 * x.size)
    return (estimate**2).sum() * step**2 - 2 * left_out.mean()


def test_without_ties_the_score_is_the_classical_one():
    x, y = clusters(0, 150)
    sigmas = np.array([120.0, 250.0, 700.0])
    found = cross_validation_scores(*distinct_places(x, y), sigmas)
    expected = [score_by_definition(x, y, h) for h in sigmas]
    assert found == pytest.approx(expected, rel=2e-3)


def test_cross_validation_finds_the_width_of_a_normal_cloud():
    x, y = np.random.default_rng(1).normal(0, 1000, (2, 2000))
    chosen = choose_bandwidth(x, y, 10.0, rule="cross_validation")
    best = 1000 * 2000 ** (-1 / 6)
    assert best / 1.5 < chosen.sigma_m < best * 1.5
    scores = [trial.score for trial in chosen.trials]
    assert len(scores) == 48
    assert chosen.trials[int(np.argmin(scores))].radius_m == pytest.approx(chosen.radius_m, rel=0.05)
    assert chosen.score == "cross-validation score"


@pytest.mark.parametrize("rule", RULES)
def test_snapped_data_and_a_point_mass_do_not_break_a_rule(rule):
    x, y = clusters(2, 3000)
    plain = choose_bandwidth(x, y, 10.0, rule=rule)
    snapped_x, snapped_y = np.round(x / 100) * 100, np.round(y / 100) * 100
    snapped = choose_bandwidth(snapped_x, snapped_y, 10.0, rule=rule)
    assert plain.radius_m / 2 < snapped.radius_m < plain.radius_m * 2
    assert snapped.radius_m >= 100
    massed = choose_bandwidth(np.r_[x, np.full(300, x[0])], np.r_[y, np.full(300, y[0])], 10.0, rule=rule)
    assert plain.radius_m / 2 < massed.radius_m < plain.radius_m * 2


def classical_score(x, y, h):
    """Take pairs at the same place too, as peers do."""
    squared = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2
    rough = np.exp(-0.25 * squared / h**2).sum() / (4 * np.pi * h**2 * x.size**2)
    apart = np.exp(-0.5 * squared / h**2).sum() - x.size
    return rough - 2 * apart / (2 * np.pi * h**2 * x.size * (x.size - 1))


def test_the_classical_score_would_have_answered_nothing_on_snapped_data():
    x, y = clusters(3)
    assert classical_score(x, y, 300.0) == pytest.approx(score_by_definition(x, y, 300.0), rel=2e-3)
    x, y = np.round(x / 100) * 100, np.round(y / 100) * 100
    tied = [classical_score(x, y, h) for h in (1.0, 5.0, 200.0)]
    assert tied[0] < tied[1] < tied[2]
    ours = cross_validation_scores(*distinct_places(x, y), np.array([1.0, 5.0, 200.0]))
    assert ours[0] > ours[1] > ours[2]
    assert "share one" in choose_bandwidth(x, y, 10.0, rule="cross_validation").reason


@pytest.mark.parametrize("rule", RULES)
def test_rules_use_both_axes_and_no_order(rule):
    x, y = clusters(4)
    order = np.random.default_rng(5).permutation(x.size)
    chosen = choose_bandwidth(x, y, 10.0, rule=rule)
    assert choose_bandwidth(x[order], y[order], 10.0, rule=rule) == chosen
    assert choose_bandwidth(y, x, 10.0, rule=rule).radius_m == chosen.radius_m
    assert choose_bandwidth(x, y * 9, 10.0, rule=rule).radius_m > 1.5 * chosen.radius_m
    assert choose_bandwidth(x, y, 9000.0, rule=rule).radius_m == 18_000
    assert "two cells, because" in choose_bandwidth(x, y, 9000.0, rule=rule).reason


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("places", [1, 2])
def test_one_or_two_places_give_two_cells(rule, places):
    x = np.arange(40) % places * 100.0
    chosen = choose_bandwidth(x, x, 50.0, rule=rule)
    assert (chosen.radius_m, chosen.trials) == (100.0, ())
    assert f"{places} place(s) only" in chosen.reason


def test_a_part_of_the_pairs_gives_nearly_the_same(monkeypatch):
    x, y = clusters(6, 4000)
    whole = choose_bandwidth(x, y, 10.0, rule="cross_validation")
    monkeypatch.setattr(bandwidth_rules, "MOST_PAIRS", 1e6)
    assert choose_bandwidth(x, y, 10.0, rule="cross_validation").radius_m == pytest.approx(whole.radius_m, rel=0.25)


def test_the_neighbour_can_be_named_and_its_curve_is_kept():
    x, y = clusters(7)
    chosen = suggest_bandwidth(x, y, 1.0, neighbour=5)
    assert "number 5 of 600" in chosen.reason
    assert [trial.score for trial in chosen.trials] == [1, 2, 3, 4, 5]
    assert chosen.trials[-1].radius_m == pytest.approx(chosen.radius_m, rel=0.05)
    for neighbour in (0, 600):
        with pytest.raises(ParameterError, match="neighbour is"):
            suggest_bandwidth(x, y, 1.0, neighbour=neighbour)


def test_the_summary_gives_the_reason():
    x, y = clusters(8)
    grid = square_grid(shapely.box(0, 0, 10_000, 10_000), 100, crs="EPSG:32616")
    chosen = choose_bandwidth(x, y, 100.0, rule="cross_validation")
    found = kernel_density(x, y, grid, kernel="triweight", radius_m=chosen)
    assert found.summary.parameters["bandwidth_rule"].startswith("least-squares cross-validation")
    assert "least-squares cross-validation" in found.summary.reading


def test_unusable_input_is_refused():
    with pytest.raises(ParameterError, match="Unknown bandwidth rule"):
        choose_bandwidth([1.0], [1.0], 10.0, rule="best")
    with pytest.raises(ParameterError, match="cell size"):
        choose_bandwidth([1.0], [1.0], 0.0)
    with pytest.raises(EmptyInputError):
        choose_bandwidth([], [], 10.0)


@pytest.mark.real_data
def test_real_robberies_get_a_bandwidth_of_a_neighbourhood_from_every_rule(oracles):
    robberies = pd.read_csv(oracles / "memphis_robberies_2019.csv")
    x, y = robberies["x"].to_numpy(), robberies["y"].to_numpy()
    radii = {rule: choose_bandwidth(x, y, 100.0, rule=rule).radius_m for rule in RULES}
    assert all(500 < radius < 10_000 for radius in radii.values()), radii
    assert radii["scott"] > radii["cross_validation"]
