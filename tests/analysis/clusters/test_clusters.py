"""DBSCAN and HDBSCAN clusters: weights equal repeats, ties, totals that reconcile."""

import json

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN

from analysis.clusters.density_clusters import dbscan_clusters, hdbscan_clusters
from analysis.errors import CoordinateError, EmptyInputError, ParameterError, TooFewEventsError

UTM = "EPSG:32616"


def blobs(seed=0, snap=0):
    random = np.random.default_rng(seed)
    centres = np.array([[1000, 1000], [3000, 1500], [2000, 4000]])
    points = np.r_[np.repeat(centres, 60, axis=0) + random.normal(0, 60, (180, 2)), random.uniform(0, 5000, (60, 2))]
    points = np.round(points, -2) if snap else points
    return 500_000 + points[:, 0], 4_000_000 + points[:, 1]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(5, 60))
def test_weighted_places_give_the_cores_of_repeated_events(seed, n):
    random = np.random.default_rng(seed)
    x, y = 500_000 + 40.0 * random.integers(0, 15, n), 4_000_000 + 40.0 * random.integers(0, 15, n)
    found = dbscan_clusters(x, y, crs=UTM, max_distance_m=40, min_events=4)
    peer = DBSCAN(eps=40.0001, min_samples=4).fit(np.c_[x, y])
    core = peer.core_sample_indices_
    assert ((found.cluster_of_event < 0) == (peer.labels_ < 0)).all()
    ours, theirs = found.cluster_of_event[core], peer.labels_[core]
    assert len({*zip(ours.tolist(), theirs.tolist(), strict=True)}) == len(set(ours)) == len(set(theirs))
    for i in np.flatnonzero(found.cluster_of_event > 0):
        away = np.hypot(x[core] - x[i], y[core] - y[i])
        assert found.cluster_of_event[i] in ours[away <= away.min() + 1e-6]


@pytest.mark.parametrize("snap", [0, 1])
@pytest.mark.parametrize("find", ["dbscan", "hdbscan"])
def test_planted_clusters_are_found_and_totals_reconcile(find, snap):
    x, y = blobs(snap=snap)

    def run(x, y):
        if find == "dbscan":
            return dbscan_clusters(x, y, crs=UTM, max_distance_m=150, min_events=15)
        return hdbscan_clusters(x, y, crs=UTM, min_events=15)

    found = run(x, y)
    assert found.clusters["events"].sum() + found.n_noise == 240
    assert (found.cluster_of_event < 0).sum() == found.n_noise
    assert found.clusters["events"].is_monotonic_decreasing
    if find == "dbscan" or not snap:
        assert len(found.clusters) == 3
        assert found.clusters["events"].between(50, 75).all()
        assert (found.clusters["density_per_km2"] > 50).all()
        assert found.clusters.geometry.geom_type.tolist() == ["Polygon"] * 3
        assert found.ellipses["cluster"].tolist() == [1, 2, 3]
        assert "found 3 clusters" in found.summary.reading
    else:
        assert "snapped_data" in [notice.code for notice in found.summary.warnings]
    json.dumps(found.summary.to_dict(), allow_nan=False)
    order = np.random.default_rng(1).permutation(x.size)
    again = run(x[order], y[order])
    assert again.clusters.equals(found.clusters)
    assert (again.cluster_of_event == found.cluster_of_event[order]).all()


@pytest.mark.parametrize("places", [1, 2, 5])
def test_massive_ties_make_one_cluster_a_place(places):
    x = np.repeat(500_000 + 5000.0 * np.arange(places), 800)
    y = np.full(x.size, 4e6)
    for found in (
        dbscan_clusters(x, y, crs=UTM, max_distance_m=100, min_events=20),
        hdbscan_clusters(x, y, crs=UTM, min_events=20),
    ):
        assert found.clusters["events"].tolist() == [800] * places
        assert found.n_noise == 0
        assert (found.clusters["reason"] == "all events at one place").all()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 8))
def test_hdbscan_stands_massive_ties_in_any_order(seed, n_places):
    random = np.random.default_rng(seed)
    where = np.repeat(random.integers(0, 6, (n_places, 2)) * 50.0, random.integers(10, 60, n_places), axis=0)
    x, y = 500_000 + where[:, 0], 4_000_000 + where[:, 1]
    found = hdbscan_clusters(x, y, crs=UTM, min_events=10, merge_distance_m=float(random.integers(0, 2) * 60))
    assert found.clusters["events"].sum() + found.n_noise == x.size
    order = random.permutation(x.size)
    again = hdbscan_clusters(
        x[order], y[order], crs=UTM, min_events=10, merge_distance_m=found.summary.parameters["merge_distance_m"]
    )
    assert (again.cluster_of_event == found.cluster_of_event[order]).all()
    labels = {(a, b): set() for a, b in zip(x, y, strict=True)}
    for a, b, label in zip(x, y, found.cluster_of_event, strict=True):
        labels[a, b].add(int(label))
    assert all(len(one) == 1 for one in labels.values())


def test_clusters_nearer_than_the_merge_distance_are_one():
    x = np.repeat(500_000 + np.array([0.0, 80, 900]), 50)
    y = np.full(150, 4e6)
    assert len(hdbscan_clusters(x, y, crs=UTM).clusters) == 3
    assert hdbscan_clusters(x, y, crs=UTM, merge_distance_m=80).clusters["events"].tolist() == [100, 50]


def test_a_million_events_on_few_places_take_no_longer():
    x, y = np.repeat(500_000 + np.arange(10.0), 100_000), np.full(1_000_000, 4e6)
    found = dbscan_clusters(x, y, crs=UTM, max_distance_m=5, min_events=10)
    assert found.clusters["events"].tolist() == [1_000_000]
    assert "one_large_cluster" in [notice.code for notice in found.summary.warnings]


def test_nothing_but_noise_says_so():
    random = np.random.default_rng(0)
    x, y = 500_000 + random.uniform(0, 10_000, 50), 4_000_000 + random.uniform(0, 10_000, 50)
    found = dbscan_clusters(x, y, crs=UTM, max_distance_m=10, min_events=5)
    assert len(found.clusters) == 0
    assert found.n_noise == 50
    assert "no cluster" in found.summary.reading


@pytest.mark.parametrize(
    "find", [lambda x, y, **more: dbscan_clusters(x, y, max_distance_m=9, **more), hdbscan_clusters]
)
def test_bad_input_is_refused(find):
    with pytest.raises(CoordinateError, match="degrees"):
        find([-87.0, -87.1], [41.0, 41.1], crs=UTM, min_events=2)
    with pytest.raises(CoordinateError, match="degrees"):
        find([5e5], [4e6], crs="EPSG:4326")
    with pytest.raises(EmptyInputError):
        find([], [], crs=UTM)
    with pytest.raises(TooFewEventsError, match="cannot make"):
        find([5e5], [4e6], crs=UTM)
    with pytest.raises(ParameterError, match="min_events"):
        find([5e5], [4e6], crs=UTM, min_events=1)


@pytest.mark.parametrize("distance", [0, -1, float("nan"), float("inf")])
def test_distances_out_of_range_are_refused(distance):
    x, y = blobs()
    with pytest.raises(ParameterError, match="max_distance_m"):
        dbscan_clusters(x, y, crs=UTM, max_distance_m=distance)
    if distance != 0:
        with pytest.raises(ParameterError, match="merge_distance_m"):
            hdbscan_clusters(x, y, crs=UTM, merge_distance_m=distance)


def test_hdbscan_refuses_what_would_take_minutes():
    x = np.arange(50_001.0)
    with pytest.raises(ParameterError, match="DBSCAN"):
        hdbscan_clusters(x, x, crs=UTM)


@pytest.mark.real_data
def test_robberies_of_memphis_make_clusters(shared_data):
    frame = gpd.read_file(shared_data / "memphis" / "incidents_robberies_2019.geojson").to_crs("EPSG:32615")
    x, y = frame.geometry.x, frame.geometry.y
    for found in (
        dbscan_clusters(x, y, crs="EPSG:32615", max_distance_m=300, min_events=15),
        hdbscan_clusters(x, y, crs="EPSG:32615", min_events=15),
    ):
        assert 5 < len(found.clusters) < 100
        assert found.clusters["events"].sum() + found.n_noise == 2245
