"""Every method of the package as a ranking of cells: it finds what was planted, and no order of events matters."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from analysis.back_testing.back_test import back_test
from analysis.back_testing.back_test_plan import BackTestPlan
from analysis.back_testing.further_methods import further_methods, persistence_ranking, prospective_ranking
from analysis.back_testing.ranking_methods import standard_methods
from analysis.grids.square import square_grid
from analysis.networks.street_network import street_network
from analysis.space_time.dated_events import dated_events

UTM = "EPSG:32616"
WEST, SOUTH = 500_000.0, 4_000_000.0
GRID = square_grid(shapely.box(WEST, SOUTH, WEST + 2000, SOUTH + 2000), 200, crs=UTM)


@pytest.fixture(scope="module")
def network():
    lines = []
    for step in range(0, 2001, 200):
        lines.append(shapely.LineString([(WEST, SOUTH + step), (WEST + 2000, SOUTH + step)]))
        lines.append(shapely.LineString([(WEST + step, SOUTH), (WEST + step, SOUTH + 2000)]))
    return street_network(gpd.GeoSeries(lines, crs=UTM), crossings="split")


def planted(seed=3):
    """Two lasting hot corners over a thin spread, six months."""
    random = np.random.default_rng(seed)
    spread = random.uniform(0, 2000, (300, 2))
    corners = np.vstack([random.normal(centre, 150, (200, 2)) for centre in ((500, 500), (1500, 1100))])
    x, y = np.vstack([spread, corners]).clip(1, 1999).T
    return WEST + x, SOUTH + y, np.datetime64("2024-01-01") + random.integers(0, 182, 700)


def test_every_method_beats_chance_on_what_was_planted(network):
    x, y, day = planted()
    further = further_methods(GRID, network)
    methods = (*standard_methods(GRID), *further)
    events = dated_events(x, y, day, crs=UTM, zone="America/Chicago")
    tested = back_test(events, GRID, BackTestPlan(fit=4, score=1, resamples=100), methods=methods)
    assert not tested.failed
    ranking = tested.ranking.set_index("method")["mean"]
    assert len(ranking) == len(methods)
    assert ranking[[method.name for method in further]].min() > 2.0


def test_no_order_of_events_matters(network):
    x, y, day = planted()
    age = (np.datetime64("2024-07-01") - day).astype(float) - 0.5
    order = np.random.default_rng(1).permutation(x.size)
    for method in further_methods(GRID, network):
        score, other = method.fit(x, y, age, GRID), method.fit(x[order], y[order], age[order], GRID)
        assert score.shape == (GRID.n_cells,)
        assert np.isfinite(score).all()
        assert other == pytest.approx(score, rel=1e-9, abs=1e-9), method.name


def test_recent_events_count_more_for_near_repeats():
    x, y = np.array([WEST + 300, WEST + 1700]), np.full(2, SOUTH + 1000)
    score = prospective_ranking().fit(x, y, np.array([0.5, 60.5]), GRID)
    recent, old = (score[GRID.count([place], [SOUTH + 1000]).counts[GRID.inside] > 0][0] for place in x)
    assert recent == pytest.approx(9 * old)


def test_what_lasts_goes_before_what_was_hot_once():
    random = np.random.default_rng(5)
    lasting, once = random.normal((500, 500), 20, (80, 2)), random.normal((1500, 1500), 20, (80, 2))
    x, y = (np.vstack([lasting, once, random.uniform(0, 2000, (100, 2))])).T
    age = np.r_[np.linspace(0.5, 119.5, 80), np.linspace(0.5, 20.5, 80), random.uniform(0.5, 119.5, 100)]
    score = persistence_ranking().fit(WEST + x, SOUTH + y, age, GRID)
    of = [GRID.count([WEST + place], [SOUTH + place]).counts[GRID.inside] > 0 for place in (500, 1500)]
    assert score[of[0]][0] > score[of[1]][0] > 0
