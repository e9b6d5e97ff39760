"""Nearest-neighbour hierarchical clusters: against brute force, with ties, against chance."""

import json

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.clusters.cluster_shapes import distinct_places
from analysis.clusters.nearest_neighbour_clusters import nearest_neighbour_clusters
from analysis.clusters.nearest_neighbour_hierarchy import ClusteringRule, seed_clusters, threshold_distance
from analysis.clusters.random_points import random_points
from analysis.errors import CoordinateError, EmptyInputError, GeometryError, ParameterError, TooFewEventsError

UTM = "EPSG:32616"
AREA = shapely.box(500_000, 4_000_000, 510_000, 4_010_000)


def by_definition(x, y, events, threshold, least):
    distance = np.hypot(x[:, None] - x[None, :], y[:, None] - y[None, :])
    near = distance <= threshold * (1 + 1e-9)
    label, found = np.full(x.size, -1), 0
    while True:
        free = label < 0
        held = np.where(free, (near & free) @ events, 0)
        if held.max() < least:
            return label
        total = np.round(((distance * (near & free)) @ events), 6)
        seed = min(np.flatnonzero(held == held.max()), key=lambda i: (total[i], i))
        label[near[seed] & free] = found
        found += 1


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 10**6), st.integers(2, 60), st.integers(2, 5))
def test_seeding_follows_the_definition_on_snapped_points(seed, n, least):
    random = np.random.default_rng(seed)
    places = distinct_places(*random.integers(0, 12, (2, n)).astype(float))
    label = seed_clusters(places.x, places.y, places.events, 1.5, least)
    assert label.tolist() == by_definition(places.x, places.y, places.events, 1.5, least).tolist()


def blobs(seed=0, per_blob=30):
    random = np.random.default_rng(seed)
    corners = np.array([[2000, 2000], [2400, 2000], [2000, 2400], [2400, 2400], [8000, 8000]])
    points = np.repeat(corners, per_blob, axis=0) + random.normal(0, 20, (5 * per_blob, 2))
    points = np.r_[points, random.uniform(0, 10_000, (100, 2))]
    return 500_000 + points[:, 0], 4_000_000 + points[:, 1]


def test_planted_groups_are_found_and_grouped_again():
    x, y = blobs()
    found = nearest_neighbour_clusters(
        np.r_[x, 0.0], np.r_[y, 0.0], AREA, crs=UTM, rule=ClusteringRule(min_events=15, threshold_m=120), simulations=49
    )
    first = found.clusters[found.clusters["order"] == 1]
    assert len(first) == 5
    assert first["events"].sum() == (found.cluster_of_event > 0).sum()
    second = found.clusters[found.clusters["order"] == 2]
    assert second["events"].tolist() == [int(first.loc[first["parent"] == 1, "events"].sum())]
    assert (first["parent"] == 1).sum() == 4
    assert first["parent"].isna().sum() == 1
    assert found.chance.most == 0
    assert found.chance.p_value == pytest.approx(1 / 50)
    assert found.summary.excluded == {"outside": 1}
    assert found.summary.n_used == 250
    assert "group into 1 of order 2" in found.summary.reading
    assert found.ellipses["order"].tolist() == [1] * 5 + [2]
    json.dumps(found.summary.to_dict(), allow_nan=False)


def test_the_order_of_rows_does_not_matter():
    x, y = blobs(1)
    x, y = np.round(x, -2), np.round(y, -2)
    order = np.random.default_rng(0).permutation(x.size)
    first = nearest_neighbour_clusters(x, y, AREA, crs=UTM, simulations=9, seed=3)
    again = nearest_neighbour_clusters(x[order], y[order], AREA, crs=UTM, simulations=9, seed=3)
    assert again.clusters.equals(first.clusters)
    assert (again.cluster_of_event == first.cluster_of_event[order]).all()
    assert again.chance == first.chance
    assert "snapped_data" in [notice.code for notice in first.summary.warnings]


def test_massive_ties_make_one_cluster_at_one_place():
    found = nearest_neighbour_clusters(np.full(500, 501_000.0), np.full(500, 4_001_000.0), AREA, crs=UTM, simulations=5)
    assert found.clusters[["events", "places"]].to_numpy().tolist() == [[500, 1]]
    assert found.clusters.geometry.iloc[0].geom_type == "Point"
    assert len(found.ellipses) == 0


def test_random_points_make_no_more_clusters_than_chance():
    random = np.random.default_rng(5)
    p_values = []
    for seed in range(12):
        x, y = random_points(AREA, 400, random)
        rule = ClusteringRule(min_events=5)
        p_values.append(
            nearest_neighbour_clusters(x, y, AREA, crs=UTM, rule=rule, simulations=39, seed=seed).chance.p_value
        )
    assert sum(p <= 0.05 for p in p_values) <= 2
    none = nearest_neighbour_clusters(x, y, AREA, crs=UTM, rule=ClusteringRule(min_events=300), simulations=0)
    assert len(none.clusters) == 0
    assert none.chance is None
    assert none.summary.seed is None


def test_the_threshold_is_a_bound_of_the_mean_nearest_neighbour_distance():
    random = np.random.default_rng(2)
    n, area = 300, 10_000.0**2
    means = []
    for _ in range(150):
        points = random.uniform(0, 10_000, (n, 2))
        away = np.abs((points[:, None] - points[None, :] + 5_000) % 10_000 - 5_000)
        distance = np.hypot(away[..., 0], away[..., 1])
        np.fill_diagonal(distance, np.inf)
        means.append(distance.min(axis=1).mean())
    assert np.mean(means) == pytest.approx(threshold_distance(n, area, 0.5), rel=0.01)
    assert 0.01 < np.mean(np.array(means) < threshold_distance(n, area, 0.05)) < 0.11


def test_random_points_fill_an_area_with_a_hole_evenly():
    area = shapely.box(0, 0, 10, 10) - shapely.box(2, 2, 8, 8)
    x, y = random_points(area, 2000, np.random.default_rng(0))
    assert shapely.contains_xy(area, x, y).all()
    assert np.mean(x < 2) == pytest.approx(20 / 64, abs=0.04)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"rule": ClusteringRule(min_events=1)}, ParameterError, "fewer than 2"),
        ({"rule": ClusteringRule(probability=0)}, ParameterError, "probability"),
        ({"rule": ClusteringRule(threshold_m=-1)}, ParameterError, "threshold_m"),
        ({"rule": ClusteringRule(min_events=900)}, TooFewEventsError, "cannot make"),
        ({"simulations": -1}, ParameterError, "simulations"),
        ({"study_area": shapely.Point(0, 0)}, GeometryError, "polygon"),
        ({"study_area": shapely.box(0, 0, 5, 5)}, EmptyInputError, "study area"),
        ({"crs": "EPSG:4326"}, CoordinateError, "degrees"),
    ],
)
def test_bad_input_is_refused(changes, error, words):
    x, y = blobs()
    arguments = {"study_area": AREA, "crs": UTM, "simulations": 0} | changes
    with pytest.raises(error, match=words):
        nearest_neighbour_clusters(x, y, **arguments)


def test_too_few_points_for_a_level_are_refused():
    with pytest.raises(TooFewEventsError, match="neighbour"):
        threshold_distance(1, 1e6, 0.5)
    with pytest.raises(TooFewEventsError, match="probability"):
        threshold_distance(2, 1e6, 1e-5)


def test_higher_orders_end_where_a_few_clusters_have_no_threshold():
    x, y = blobs()
    rule = ClusteringRule(min_events=15, threshold_m=120, probability=1e-5)
    found = nearest_neighbour_clusters(x, y, AREA, crs=UTM, rule=rule, simulations=0)
    assert found.clusters["order"].tolist() == [1] * 5
    assert found.thresholds_m == (120,)


@pytest.mark.real_data
def test_robberies_of_memphis_cluster_more_than_chance(shared_data):
    frame = gpd.read_file(shared_data / "memphis" / "incidents_robberies_2019.geojson").to_crs("EPSG:32615")
    precincts = gpd.read_file(shared_data / "memphis" / "police_precincts.geojson").to_crs("EPSG:32615")
    area = shapely.union_all(shapely.make_valid(precincts.geometry.to_numpy()))
    found = nearest_neighbour_clusters(frame.geometry.x, frame.geometry.y, area, crs="EPSG:32615", simulations=19)
    assert found.summary.n_used == 2244
    assert len(found.clusters) > 5 * max(1, found.chance.most)
    assert found.clusters["order"].max() >= 2
    assert found.chance.p_value == pytest.approx(0.05)
