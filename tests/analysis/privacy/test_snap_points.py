"""Public points: every catchment holds eight addresses or none, and attackers who average or combine learn no more."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import CoordinateError, EmptyInputError, ParameterError, TooFewEventsError, UnitsError
from analysis.privacy.publication import may_be_public, public_months
from analysis.privacy.snap_points import addresses_of_units, fewest_addresses_between, snap_points

CRS = "EPSG:32634"


def town(seed=0, n_candidates=400, n_addresses=3000):
    """Candidates all over, homes in villages and alone."""
    random = np.random.default_rng(seed)
    candidates = random.uniform(0, 5000, (n_candidates, 2)) + np.array([500_000, 4_000_000])
    centres = candidates[random.integers(0, n_candidates, 30)]
    homes = centres[random.integers(0, 30, n_addresses)] + random.normal(0, 80, (n_addresses, 2))
    homes = np.vstack([homes, random.uniform(0, 5000, (60, 2)) + np.array([500_000, 4_000_000])])
    return candidates, homes


def points_of(candidates, homes, **options):
    return snap_points(*candidates.T, *homes.T, crs=CRS, **options)


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(2, 15))
def test_every_catchment_holds_enough_addresses_or_none(seed, least):
    candidates, homes = town(seed, 60, 300)
    found = points_of(candidates, homes, least_addresses=least)
    distance = np.hypot(homes[:, :1] - found.x, homes[:, 1:] - found.y)
    held = np.bincount(distance.argmin(axis=1), minlength=found.x.size)
    assert held.tolist() == found.addresses.tolist()
    assert ((held == 0) | (held >= least)).all()
    assert held.sum() == len(homes)
    given_points = {tuple(point) for point in candidates.tolist()}
    assert all(point in given_points for point in zip(found.x.tolist(), found.y.tolist(), strict=True))


def test_a_flat_counts_as_an_address_and_duplicates_are_one_candidate():
    found = snap_points([5e5, 5e5, 5e5 + 200], [4e6] * 3, [5e5 + 1, 5e5 + 190], [4e6] * 2, crs=CRS, addresses=[40, 9])
    assert found.addresses.tolist() == [40, 9]
    alone = snap_points([5e5, 5e5 + 200], [4e6] * 2, [5e5 + 1, 5e5 + 190], [4e6] * 2, crs=CRS, addresses=[40, 3])
    assert alone.addresses.tolist() == [43]
    assert [notice.code for notice in alone.summary.warnings] == ["one_point"]


def test_the_points_are_the_same_each_time_and_their_version_says_so():
    candidates, homes = town()
    first, again = points_of(candidates, homes), points_of(candidates[::-1], homes)
    assert first.version == again.version
    assert len(first.version) == 16
    assert first.version != points_of(candidates, homes, least_addresses=20).version
    assert 20 < first.x.size < 400
    assert (first.addresses == 0).any()


def test_averaging_many_publications_of_a_home_gains_nothing():
    candidates, homes = town()
    points = points_of(candidates, homes)
    home = np.repeat(homes[:1], 100, axis=0)
    seen = points.nearest(*home.T)
    assert np.unique(seen).size == 1
    error = np.hypot(points.x[seen].mean() - homes[0, 0], points.y[seen].mean() - homes[0, 1])
    assert error == pytest.approx(np.hypot(points.x[seen[0]] - homes[0, 0], points.y[seen[0]] - homes[0, 1]))


def test_an_attacker_with_the_register_of_addresses_guesses_a_home_one_time_in_eight_at_most():
    candidates, homes = town()
    points = points_of(candidates, homes)
    seen = points.nearest(*homes.T)
    consistent = np.bincount(seen, minlength=points.x.size)[seen]
    assert consistent.min() >= 8


def test_two_versions_together_can_give_a_home_away_and_that_is_measured():
    candidates, homes = town()
    points = points_of(candidates, homes)
    other = points_of(town(99)[0], homes)
    assert fewest_addresses_between(points, points, *homes.T) >= 8
    assert fewest_addresses_between(points, other, *homes.T) < 8


def test_addresses_of_units_lie_inside_and_are_as_many_as_residents_need():
    shapes = [shapely.box(0, 0, 300, 200), shapely.Point(1000, 0).buffer(90), shapely.box(500, 0, 501, 400)]
    units = gpd.GeoDataFrame({"people": [100, 33, 2]}, geometry=shapes, crs=CRS)
    found = addresses_of_units(units, "people")
    assert len(found) == 40 + 13
    assert shapely.contains_xy(shapes[0], *found[:40].T).all()
    assert shapely.contains_xy(shapes[1], *found[40:].T).all()
    assert np.unique(found, axis=0).shape == found.shape
    sliver = gpd.GeoDataFrame({"people": [50]}, geometry=[shapes[2]], crs=CRS)
    assert len(addresses_of_units(sliver, "people")) == 20


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda: snap_points([5e5], [4e6], [5e5] * 7, [4e6] * 7, crs=CRS), TooFewEventsError),
        (lambda: snap_points([5e5], [4e6], [], [], crs=CRS), EmptyInputError),
        (lambda: snap_points([19.0, 19.1], [41.0, 41.1], [5e5] * 9, [4e6] * 9, crs=CRS), CoordinateError),
        (lambda: snap_points([5e5], [4e6], [5e5] * 9, [4e6] * 9, crs="EPSG:4326"), CoordinateError),
        (lambda: snap_points([5e5], [4e6], [5e5] * 9, [4e6] * 9, crs=CRS, addresses=0), ParameterError),
        (lambda: snap_points([5e5], [4e6], [5e5] * 9, [4e6] * 9, crs=CRS, least_addresses=1), ParameterError),
        (lambda: addresses_of_units(units_of(5), "nobody"), UnitsError),
        (lambda: addresses_of_units(units_of(-5), "people"), UnitsError),
        (lambda: addresses_of_units(units_of(0), "people"), EmptyInputError),
        (lambda: addresses_of_units(units_of(5), "people", people_of_address=0), ParameterError),
    ],
)
def test_impossible_towns_are_refused(attempt, error):
    with pytest.raises(error):
        attempt()


def units_of(people):
    return gpd.GeoDataFrame({"people": [people]}, geometry=[shapely.box(0, 0, 10, 10)], crs=CRS)


def test_zones_are_public_after_moderation_with_three_reporters_or_an_officer():
    assert may_be_public("traffic", distinct_reporters=3, moderated=True).public
    assert may_be_public("traffic", distinct_reporters=0, moderated=True, officer_verified=True).category == "traffic"
    found = may_be_public("domestic-violence", distinct_reporters=1, moderated=False)
    assert found.reasons == ("not_moderated", "sensitive_category", "too_few_reporters")
    assert found.category is None
    assert not may_be_public("sexual-violence", distinct_reporters=9, moderated=True, officer_verified=True).public
    assert may_be_public("school-violence", distinct_reporters=9, moderated=True).category == "aggressive-groups"
    with pytest.raises(ParameterError):
        may_be_public("traffic", distinct_reporters=-1, moderated=True)


def test_dates_become_months_of_the_local_calendar():
    assert public_months(["2024-03-31 22:30+00:00", None], "Europe/Riga").tolist() == ["2024-04", None]
