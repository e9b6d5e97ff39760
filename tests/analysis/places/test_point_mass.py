"""Point masses in made-up and real input."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from analysis.errors import EmptyInputError
from analysis.places.point_mass import point_masses


def test_evenly_spread_events_have_none():
    random = np.random.default_rng(0)
    assert point_masses(*random.uniform(0, 1000, (2, 5000))) == ()


def test_events_that_are_all_in_one_place_are_one():
    (mass,) = point_masses(np.full(100, 5.0), np.full(100, 7.0))
    assert (mass.x, mass.y, mass.n, mass.share, mass.next_n) == (5.0, 7.0, 100, 1.0, 0)
    assert point_masses(np.full(10, 5.0), np.full(10, 7.0)) == ()


def test_a_few_busy_places_are_not_masses():
    assert point_masses(np.repeat([1.0, 2.0, 3.0], 100), np.zeros(300)) == ()


def test_the_order_of_rows_does_not_matter():
    random = np.random.default_rng(1)
    x, y = np.r_[random.uniform(0, 9, 500), np.full(60, 1.0)], np.r_[random.uniform(0, 9, 500), np.full(60, 1.0)]
    order = random.permutation(x.size)
    assert point_masses(x, y) == point_masses(x[order], y[order])
    assert point_masses(x, y)[0].n == 60


def test_nothing_is_refused():
    with pytest.raises(EmptyInputError):
        point_masses([], [])


@pytest.mark.real_data
def test_city_hall_of_boston_is_found(shared_data):
    reports = pd.read_csv(shared_data / "boston" / "reports_311_2011h2.csv.gz", usecols=["latitude", "longitude"])
    hall, beside = point_masses(reports["longitude"], reports["latitude"])
    assert (hall.x, hall.y, hall.n) == (-71.0587, 42.3594, 1897)
    assert hall.share == pytest.approx(0.0624, abs=1e-4)
    assert (beside.n, beside.next_n, hall.next_n) == (125, 29, 29)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "x", "y"),
    [
        ("chicago/incidents_aggravated_assaults_2010_2019.csv.gz", "longitude", "latitude"),
        ("greater_manchester/incidents_burglary_police_uk.csv.gz", "Longitude", "Latitude"),
        ("merseyside/incidents_shoplifting_police_uk_2019_05.csv.gz", "longitude", "latitude"),
        ("new_york/incidents_vehicle_thefts_2014_2017.csv.gz", "longitude", "latitude"),
    ],
)
def test_snapped_data_have_none(shared_data, file, x, y):
    events = pd.read_csv(shared_data / file, usecols=[x, y]).dropna()
    assert point_masses(events[x], events[y]) == ()


@pytest.mark.real_data
def test_memphis_has_none(shared_data):
    events = gpd.read_file(shared_data / "memphis" / "incidents_robberies_2019.geojson").geometry
    assert point_masses(events.x, events.y) == ()
