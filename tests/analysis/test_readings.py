"""Every result speaks: one paragraph in plain language, with its figures and without the words of a program."""

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString

from analysis.back_testing.back_test import back_test
from analysis.back_testing.back_test_plan import BackTestPlan
from analysis.back_testing.map_accuracy import map_accuracy
from analysis.clusters.density_clusters import dbscan_clusters, hdbscan_clusters
from analysis.clusters.nearest_neighbour_clusters import nearest_neighbour_clusters
from analysis.density.adaptive_density import adaptive_density
from analysis.density.dual_density import compare_densities, density_per_1000_residents
from analysis.density.kernel_density import kernel_density
from analysis.grids.square import square_grid
from analysis.hot_spots.getis_ord import hot_spots
from analysis.hot_spots.sensitivity import hot_spot_sensitivity
from analysis.hot_spots.unit_hot_spots import hot_spots_of_units
from analysis.networks.network_density import network_density
from analysis.networks.segment_counts import segment_counts
from analysis.networks.street_network import street_network
from analysis.places.concentration import concentration
from analysis.places.top_places import top_cells, top_points
from analysis.space_time.aoristic import aoristic_week
from analysis.space_time.dated_events import dated_events
from analysis.space_time.emerging_hot_spots import emerging_hot_spots
from analysis.space_time.hour_profile import hour_profile
from analysis.space_time.monthly_trend import monthly_trend
from analysis.space_time.near_repeat import near_repeat
from analysis.space_time.period_change import period_change
from analysis.space_time.raised_risk import raised_risk
from analysis.space_time.space_time_cube import space_time_cube

AREA, CRS, ZONE = shapely.box(0, 0, 4000, 4000), "EPSG:32616", "America/Chicago"


@pytest.fixture(scope="module")
def readings():
    """The reading of every kind of result, by its name."""
    random = np.random.default_rng(8)
    x, y = np.clip(random.normal(2000, 700, (2, 600)), 1, 3999)
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(random.uniform(0, 364, 600)), "D").round("min")
    grid = square_grid(AREA, 400, crs=CRS)
    events = dated_events(x, y, times, crs=CRS, zone=ZONE)
    density = kernel_density(x, y, grid, radius_m=900)
    units = grid.to_frame(events=grid.count(x, y).counts[grid.inside]).assign(people=120)
    network = street_network(gpd.GeoSeries([LineString([(0, at), (4000, at)]) for at in range(0, 4001, 500)], crs=CRS))
    half = grid.count(x[:300], y[:300]).counts, grid.count(x[300:], y[300:]).counts
    repeats = near_repeat(events, permutations=99)
    results = {
        "density": density,
        "adaptive density": adaptive_density(x, y, grid, radius_m=900),
        "density per residents": density_per_1000_residents(density, x, y, np.full(600, 10.0)),
        "compared densities": compare_densities(density, kernel_density(y, x, grid, radius_m=900)),
        "Gi*": hot_spots(x, y, grid),
        "Gi* and local Moran of units": hot_spots_of_units(units, "events", residents="people"),
        "sensitivity": hot_spot_sensitivity(x, y, grid, origins=2),
        "change": period_change(*half, grid, days_before=180, days_after=180),
        "emerging": emerging_hot_spots(space_time_cube(events, grid, step="month")),
        "aoristic": aoristic_week(times, times, zone=ZONE),
        "hours": hour_profile(times, times, zone=ZONE),
        "trend": monthly_trend(times, zone=ZONE),
        "Knox": repeats,
        "raised risk": raised_risk(events, repeats, as_of="2024-12-30"),
        "DBSCAN": dbscan_clusters(x, y, crs=CRS, max_distance_m=120),
        "HDBSCAN": hdbscan_clusters(x, y, crs=CRS),
        "nearest-neighbour clusters": nearest_neighbour_clusters(x, y, AREA, crs=CRS, simulations=9),
        "top points": top_points(x, y, crs=CRS),
        "top cells": top_cells(x, y, grid),
        "back test": back_test(events, grid, BackTestPlan(fit=6, score=2)),
        "map accuracy": map_accuracy(density.density_per_km2[grid.inside], x, y, grid),
        "segments": segment_counts(x, y, network, tolerance_m=250),
        "network density": network_density(x, y, network, radius_m=600, tolerance_m=250),
    }
    told = {name: result.summary.reading for name, result in results.items()}
    return {**told, "concentration": concentration(half[0].ravel()).reading}


def faults(reading):
    """What is wrong with a reading."""
    checks = {
        "its length": 60 <= len(reading) <= 1200,
        "more than a paragraph": "\n" not in reading and "  " not in reading,
        "no sentence": (reading[0].isupper() or reading[0].isdigit()) and reading.endswith("."),
        "not a number": not re.search(r"\b(nan|NaN|inf|None|null|True|False)\b", reading),
        "an exponent": not re.search(r"\d[eE][+-]?\d", reading),
        "the words of a program": not re.search(r"[a-z]_[a-z]", reading),
    }
    return [name for name, held in checks.items() if not held]


def test_every_reading_is_one_plain_paragraph(readings):
    assert {name: (wrong, reading) for name, reading in readings.items() if (wrong := faults(reading))} == {}


def test_every_reading_of_events_says_how_many(readings):
    assert [name for name, reading in readings.items() if not re.search(r"\b(600|\d{2,3})\b", reading)] == []


def test_units_are_read_by_both_statistics(readings):
    assert "local Moran's I" in readings["Gi* and local Moran of units"]
    assert "high among high" in readings["Gi* and local Moran of units"]
