"""Density along streets: equal to every way followed by hand, and it keeps its mass."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from shapely import LineString

from analysis.density.kernels import KERNELS
from analysis.errors import ParameterError
from analysis.networks import lixels, spreading
from analysis.networks.line_kernels import mass_up_to
from analysis.networks.network_density import network_density
from analysis.networks.street_network import street_network

CRS = "EPSG:32616"
CORNERS = [(0, 0), (90, 0), (90, 70), (0, 70), (45, 140), (160, 35), (-60, 20)]
EDGES = [(0, 1), (1, 2), (2, 3), (3, 0), (2, 4), (3, 4), (1, 5), (2, 5), (0, 6), (0, 2)]


def network_of(edges):
    lines = [LineString([CORNERS[a], CORNERS[b]]) for a, b in edges]
    return street_network(gpd.GeoSeries(lines, crs=CRS))


def followed(network, segment, position, kernel, radius, continuous, lixel_count):
    """Follow every way from one event, one after the other."""
    form = KERNELS[kernel].form
    mass = [np.zeros(count) for count in lixel_count]

    def lay(segment, from_end, start, amount):
        count, length = lixel_count[segment], network.length_m[segment]
        borders = start + np.linspace(0.0, length, count + 1)
        laid = amount * np.diff([mass_up_to(form, border / radius) for border in borders])
        mass[segment] += laid if from_end == 0 else laid[::-1]

    def walk(segment, to_end, distance, amount):
        if distance >= radius:
            return
        node = network.ends[segment, to_end]
        halves = [(s, e) for s in range(network.n) for e in (0, 1) if network.ends[s, e] == node]
        for half in halves:
            back = half == (segment, to_end)
            onward = 0.0 if back else 1.0 / (len(halves) - 1)
            out = 2.0 / len(halves) - back if continuous else onward
            if out:
                lay(*half, distance, amount * out)
                walk(half[0], 1 - half[1], distance + network.length_m[half[0]], amount * out)

    borders = np.linspace(0.0, network.length_m[segment], lixel_count[segment] + 1) - position
    signed = [np.sign(border) * mass_up_to(form, abs(border) / radius) for border in borders]
    mass[segment] += np.diff(signed)
    walk(segment, 0, position, 1.0)
    walk(segment, 1, network.length_m[segment] - position, 1.0)
    return np.concatenate(mass)


@pytest.mark.parametrize("kernel", KERNELS)
def test_mass_is_the_integral_of_the_kernel(kernel):
    shape = KERNELS[kernel]
    bounds = (0.0, 4.0) if kernel == "gaussian" else (0.0, 1.0)
    whole = quad(shape.profile, *bounds)[0]
    for u in (0.0, 0.2, 0.7, 0.99):
        assert mass_up_to(shape.form, u) == pytest.approx(0.5 * quad(shape.profile, 0.0, u)[0] / whole, abs=1e-12)
    assert mass_up_to(shape.form, 9.0) == 0.5


@given(
    st.lists(st.sampled_from(EDGES), min_size=1, max_size=7, unique=True),
    st.lists(st.tuples(st.integers(0, 99), st.floats(0.02, 0.98)), min_size=1, max_size=4),
    st.sampled_from(list(KERNELS)[:5]),
    st.floats(20.0, 190.0),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_density_equals_every_way_followed_by_hand(edges, events, kernel, radius, continuous):
    network = network_of(edges)
    segments = [number % network.n for number, _ in events]
    points = [
        network.geometry[s].interpolate(part, normalized=True) for s, (_, part) in zip(segments, events, strict=True)
    ]
    x, y = [point.x for point in points], [point.y for point in points]
    split = "continuous" if continuous else "discontinuous"
    found = network_density(x, y, network, radius_m=radius, kernel=kernel, equal_split=split, lixel_m=13.0)
    counts = np.bincount(found.segment)
    expected = sum(
        followed(network, s, position, kernel, radius, continuous, counts)
        for s, position in zip(found.snapped.segment, found.snapped.position_m, strict=True)
    )
    got = found.density_per_km * found.length_m / 1000.0
    assert got == pytest.approx(np.maximum(expected, 0.0), abs=1e-8)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("lixel_m", [7.0, 40.0, 1000.0])
def test_the_continuous_kernel_keeps_its_mass_at_any_lixel(kernel, lixel_m):
    network = network_of(EDGES[:8])
    bandwidth = {"sigma_m": 25.0} if kernel == "gaussian" else {"radius_m": 110.0}
    found = network_density([10.0, 90.0, 91.0], [1.0, 30.0, 0.0], network, kernel=kernel, lixel_m=lixel_m, **bandwidth)
    assert (found.density_per_km * found.length_m).sum() / 1000.0 == pytest.approx(3.0, abs=1e-9)
    assert found.summary.parameters["mass_kept"] == pytest.approx(1.0, abs=1e-9)


def test_the_discontinuous_kernel_says_what_dead_ends_take():
    network = street_network(gpd.GeoSeries([LineString([(0, 0), (100, 0)])], crs=CRS))
    found = network_density([90.0], [0.0], network, radius_m=50.0, kernel="uniform", equal_split="discontinuous")
    assert found.summary.parameters["mass_kept"] == pytest.approx(0.6)
    assert any(
        notice.code == "mass_lost_at_dead_ends" and "40.0%" in notice.message for notice in found.summary.warnings
    )


def test_an_event_at_a_node_belongs_to_all_its_segments():
    lines = [LineString([(0, 0), end]) for end in [(100, 0), (0, 100), (-100, 0)]]
    for split in ("continuous", "discontinuous"):
        network = street_network(gpd.GeoSeries(lines, crs=CRS))
        found = network_density([0.0], [0.0], network, radius_m=80.0, equal_split=split, lixel_m=10.0)
        by_segment = found.density_per_km.reshape(3, 10)
        assert np.ptp(by_segment, axis=0) == pytest.approx(0.0, abs=1e-12)
        assert (found.density_per_km * found.length_m).sum() == pytest.approx(1000.0)


def test_a_river_parts_the_two_banks():
    banks = [LineString([(0, 0), (500, 0)]), LineString([(0, 30), (500, 30)])]
    network = street_network(gpd.GeoSeries(banks, crs=CRS))
    found = network_density([250.0], [1.0], network, radius_m=100.0)
    assert found.density_per_km[found.segment == 1].max() == 0.0


def test_neither_order_nor_threads_nor_cutting_into_lixels_move_a_result(monkeypatch):
    network = network_of(EDGES)
    random = np.random.default_rng(4)
    x, y = random.uniform(-40, 140, 200), random.uniform(0, 120, 200)
    weights = random.uniform(0.1, 3.0, 200)
    options = {"radius_m": 150.0, "lixel_m": 10.0}
    one = network_density(x, y, network, weights=weights, **options)
    order = random.permutation(200)
    other = network_density(x[order], y[order], network, weights=weights[order], **options)
    assert np.array_equal(one.density_per_km, other.density_per_km)
    monkeypatch.setattr(
        lixels,
        "spread_mass",
        lambda ways, sources, kernel: spreading.spread_mass(ways, sources, kernel, threads=1),
    )
    assert np.array_equal(one.density_per_km, network_density(x, y, network, weights=weights, **options).density_per_km)
    pieces = one.to_frame()
    assert pieces.geometry.length.to_numpy() == pytest.approx(one.length_m, abs=1e-9)
    assert shapely.length(network.geometry).sum() == pytest.approx(pieces["length_m"].sum())


def test_too_many_ways_are_joined_in_a_coarser_unit_and_told(monkeypatch):
    network = network_of(EDGES)
    options = {"radius_m": 150.0, "lixel_m": 10.0}
    exact = network_density([20.0], [0.0], network, **options)
    refused = []
    spread = spreading._spread

    def refuse_nanometres(ways, *arguments):
        if ways.unit_m == 1e-9:
            refused.append(ways.unit_m)
            arguments[-1][0] = True
        else:
            spread(ways, *arguments)

    monkeypatch.setattr(spreading, "_spread", refuse_nanometres)
    rounded = network_density([20.0], [0.0], network, **options)
    assert refused
    assert rounded.summary.parameters["length_unit_m"] == 0.25
    assert rounded.summary.parameters["mass_kept"] == pytest.approx(1.0, abs=1e-9)
    assert "lengths_rounded" in {notice.code for notice in rounded.summary.warnings}
    assert rounded.density_per_km == pytest.approx(exact.density_per_km, abs=0.01 * exact.density_per_km.max())
    monkeypatch.setattr(spreading, "LENGTH_UNITS_M", (1e-9,))
    with pytest.raises(ParameterError, match="different ways"):
        network_density([20.0], [0.0], network, **options)


def test_a_continuous_kernel_below_zero_is_set_to_zero_and_told():
    fan = [LineString([(0, 0), (20, 0)])]
    fan += [LineString([(0, 0), (-200, 30 * i)]) for i in range(-4, 5)]
    fan += [LineString([(20, 0), (220, 30 * i)]) for i in range(-4, 5)]
    network = street_network(gpd.GeoSeries(fan, crs=CRS))
    found = network_density([10.0], [0.0], network, radius_m=30.0, kernel="uniform", lixel_m=5.0)
    assert found.density_per_km.min() == 0.0
    assert "negative_density" in {notice.code for notice in found.summary.warnings}


def test_a_period_divides_the_shown_density_alone():
    network = network_of(EDGES[:3])
    found = network_density([20.0], [0.0], network, radius_m=60.0, years=2.0)
    frame = found.to_frame()
    assert frame["density_per_km_year"].max() == pytest.approx(frame["density_per_km"].max() / 2)
    assert "events per km and year" in found.summary.reading


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "radius_m is None"),
        ({"radius_m": -1}, "radius_m is -1"),
        ({"radius_m": 50, "kernel": "gaussian"}, "takes no radius_m"),
        ({"radius_m": 50, "kernel": "cosine"}, "Unknown kernel"),
        ({"radius_m": 50, "equal_split": "simple"}, "Unknown equal_split"),
        ({"radius_m": 50, "lixel_m": 0}, "lixel_m is 0"),
        ({"radius_m": 50, "lixel_m": 1e-6}, "Use longer lixels"),
        ({"radius_m": 50, "weights": [1, 2]}, "weights of shape"),
        ({"radius_m": 50, "years": 0}, "years is 0"),
        ({"radius_m": 50, "tolerance_m": 0}, "tolerance_m is 0"),
    ],
)
def test_a_bad_parameter_is_named(options, told):
    with pytest.raises(ParameterError, match=told):
        network_density([20.0], [0.0], network_of(EDGES[:3]), **options)
