"""Sun and daylight against the example of NREL, pvlib and the calendar."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import CoordinateError, EmptyInputError, ParameterError, TimePrecisionError
from analysis.lighting.daylight import hours_of_light, light_codes, light_of_events, rates_per_hour
from analysis.lighting.sun import sun_elevation

RIGA = {"longitude": 24.1, "latitude": 56.95, "zone": "Europe/Riga"}


def microseconds(*moments):
    return np.array(moments, dtype="datetime64[us]").astype(np.int64)


def test_the_example_of_the_solar_position_algorithm():
    found = sun_elevation(microseconds("2003-10-17T19:30:30"), -105.1786, 39.742476)
    assert found[0] == pytest.approx(39.872046, abs=0.02)


def test_elevations_equal_pvlib_all_over_the_earth():
    solarposition = pytest.importorskip("pvlib.solarposition")
    random = np.random.default_rng(0)
    moments = random.integers(*microseconds("1975-01-01", "2040-01-01"), 500)
    stamps = pd.DatetimeIndex(moments.astype("datetime64[us]")).tz_localize("UTC")
    for longitude, latitude in [(24.1, 56.95), (19.8, 41.3), (-122.4, 37.8), (151.2, -33.9), (0.0, 0.0), (15.6, 78.2)]:
        expected = solarposition.spa_python(stamps, latitude, longitude)["elevation"].to_numpy()
        assert np.abs(sun_elevation(moments, longitude, latitude) - expected).max() < 0.02


@settings(deadline=None)
@given(st.integers(-(10**15), 4 * 10**15), st.floats(-180, 180), st.floats(-90, 90))
def test_every_elevation_is_an_angle(moment, longitude, latitude):
    height = float(sun_elevation(moment, longitude, latitude))
    assert -90 <= height <= 90
    opposite = float(sun_elevation(moment, longitude - 180 if longitude > 0 else longitude + 180, -latitude))
    assert opposite == pytest.approx(-height, abs=1e-4)


def test_places_off_the_earth_are_refused():
    for longitude, latitude in [(500_000, 4_000_000), (0, np.nan), (181, 0)]:
        with pytest.raises(CoordinateError):
            sun_elevation([0], longitude, latitude)


def test_hours_of_light_fill_the_period_and_know_the_polar_night():
    year = hours_of_light("2024-01-01", "2025-01-01", **RIGA)
    assert sum(year.values()) == pytest.approx(366 * 24)
    june = hours_of_light("2024-06-21", "2024-06-22", **RIGA)
    assert june["day"] == pytest.approx(17.9, abs=0.1)
    svalbard = {"longitude": 15.6, "latitude": 78.2, "zone": "Arctic/Longyearbyen"}
    assert hours_of_light("2024-06-01", "2024-07-01", **svalbard)["dark"] == 0
    assert hours_of_light("2024-12-01", "2024-12-20", **svalbard)["day"] == 0
    clocks = hours_of_light("2024-03-31", "2024-04-01", **RIGA)
    assert sum(clocks.values()) == pytest.approx(23)
    for start, end in [("2024-01-02", "2024-01-01"), (None, "2024-01-01"), ("1900-01-01", "2024-01-01")]:
        with pytest.raises(ParameterError):
            hours_of_light(start, end, **RIGA)


def test_light_of_moments_and_windows():
    begin = ["2024-06-21 12:00", "2024-12-21 12:00", "2024-12-21 17:00", "2024-12-21 16:00"]
    end = ["2024-06-21 12:00", "2024-12-21 12:00", "2024-12-22 07:00", "2024-12-21 17:00"]
    found = light_of_events(begin, end, **RIGA)
    assert found.shares[:3].tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert found.shares[3, 1] == pytest.approx(0.5)  # the sun is 6 degrees below the horizon at 16:29
    assert found.shares.sum(axis=1) == pytest.approx(1)
    assert found.expected["day"] == 2
    assert found.summary.n_used == 4
    assert "2 of them are known as windows" in found.summary.reading


def test_each_event_has_the_sun_of_its_own_place():
    found = light_of_events(
        ["2024-06-21 22:00"] * 2, longitude=[24.1, 18.1], latitude=[56.95, -33.9], zone="Europe/Riga"
    )
    assert found.shares.tolist() == [[1, 0, 0], [0, 0, 1]]
    many = np.full(20_001, microseconds("2024-06-21 12:00")[0])
    assert np.ptp(sun_elevation(many, 24.1, 56.95)) == 0


def test_a_window_is_spread_as_the_hours_of_light_are():
    found = light_of_events(["2024-03-10 00:00"], ["2024-03-11 00:00"], **RIGA)
    hours = hours_of_light("2024-03-10", "2024-03-11", **RIGA)
    assert found.shares[0] == pytest.approx(np.array(list(hours.values())) / 24, abs=0.01)


def test_events_that_cannot_be_used_are_counted():
    found = light_of_events(
        ["2024-01-01 12:00", "2024-01-01", "2024-01-01 10:00"],
        ["2024-01-01 12:00", "2024-01-01", "2024-01-05 10:00"],
        time_precision=["minute", "day", "minute"],
        **RIGA,
    )
    assert found.summary.excluded == {"known_to_the_day": 1, "window_too_long": 1}
    assert found.shares[1:].sum() == 0
    with pytest.raises(TimePrecisionError):
        light_of_events(["2024-01-01"], time_precision="month", **RIGA)
    with pytest.raises(CoordinateError):
        light_of_events(["2024-01-01"], longitude=[1, 2], latitude=3, zone="Europe/Riga")


def test_rates_are_per_hour_of_light():
    rates = rates_per_hour({"day": 100, "twilight": 3, "dark": 100}, {"day": 1000, "twilight": 100, "dark": 500})
    assert rates["per_1000_hours"].tolist() == [100, 30, 200]
    assert (rates["low"] < rates["per_1000_hours"]).all()
    polar = rates_per_hour({"day": 5, "twilight": 0, "dark": 0}, {"day": 700, "twilight": 20, "dark": 0})
    assert polar["per_1000_hours"].isna().tolist() == [False, False, True]
    with pytest.raises(EmptyInputError):
        rates_per_hour({"day": 5, "twilight": 0, "dark": 0}, {"day": 0, "twilight": 0, "dark": 0})


def test_classes_are_civil():
    assert light_codes([-0.833, -0.834, -6, -6.001]).tolist() == [0, 1, 1, 2]


@pytest.mark.real_data
def test_stolen_cars_of_new_york_are_spread_over_the_light_of_their_windows(shared_data):
    thefts = pd.read_csv(shared_data / "new_york" / "incidents_vehicle_thefts_2014_2017.csv.gz")
    begin, end = pd.to_datetime(thefts["date_start"]), pd.to_datetime(thefts["date_end"])
    place = {"longitude": thefts["longitude"], "latitude": thefts["latitude"], "zone": "America/New_York"}
    found = light_of_events(begin, end, **place)
    assert found.summary.n_used + sum(found.summary.excluded.values()) == len(thefts)
    assert 7000 < found.summary.excluded["window_too_long"] < 8000
    assert found.shares[found.used].sum(axis=1) == pytest.approx(1)
    hours = hours_of_light("2014-01-01", "2018-01-01", longitude=-73.9, latitude=40.7, zone="America/New_York")
    rates = rates_per_hour(found.expected, hours).set_index("light")["per_1000_hours"]
    assert rates["dark"] > rates["day"]
    middle = begin + (end.fillna(begin) - begin) / 2
    naive = light_of_events(
        middle[found.used], **{**place, **{k: place[k][found.used] for k in ("longitude", "latitude")}}
    )
    assert abs(naive.expected["dark"] - found.expected["dark"]) > 500
