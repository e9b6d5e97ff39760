"""Knox test against R and by brute force, and the risk that recent events lend their neighbourhood."""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import (
    CoordinateError,
    EmptyInputError,
    ParameterError,
    TimePrecisionError,
    TooFewEventsError,
)
from analysis.grids.square import square_grid
from analysis.space_time import near_repeat as module
from analysis.space_time.dated_events import dated_events
from analysis.space_time.near_repeat import KnoxBands, near_repeat
from analysis.space_time.raised_risk import raised_risk, risk_by_cell

UTM, ZONE = "EPSG:32616", "America/Chicago"


def scattered(n, seed=0, side=3000.0, days=60):
    rng = np.random.default_rng(seed)
    x, y = 5e5 + rng.integers(0, 30, (2, n)) * side / 30
    return x, y, np.datetime64("2024-03-01") + rng.integers(0, days, n)


def echoes(n=60):
    """Events far apart, each followed next door three days later."""
    x, day = 5e5 + np.arange(n) * 5000.0, np.datetime64("2024-01-01") + np.arange(n) * 20
    return dated_events(np.r_[x, x + 150], np.full(2 * n, 4e6), np.r_[day, day + 3], crs=UTM, zone=ZONE)


@pytest.fixture(scope="module")
def pattern():
    return near_repeat(echoes(), KnoxBands((0, 100, 200, 400), (0, 2, 5, 9)), seed=1)


@pytest.mark.real_data
def test_table_equals_r(oracles):
    january = pd.read_csv(oracles / "memphis_robberies_jan.csv")
    expected = pd.read_csv(oracles / "knox_jan_manhattan.csv")
    events = dated_events(january["x"], january["y"], pd.to_datetime(january["date"]), crs="EPSG:32615", zone=ZONE)
    table = near_repeat(events, permutations=1999, seed=1).frame
    assert table["observed"].tolist() == expected["observed"].tolist()
    error_of_difference = table["expected_sd"] * np.sqrt(2 / 1999)
    assert (np.abs(table["expected"] - expected["expected_mean"]) <= 3 * error_of_difference).all()
    noise = np.sqrt(expected["p_greater"] * (1 - expected["p_greater"]) * 2 / 1999)
    assert (np.abs(table["p_value"] - expected["p_greater"]) <= 4 * noise + 1e-9).all()


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(0, 20)), min_size=3, max_size=25),
    st.sampled_from(["manhattan", "euclidean"]),
)
def test_observed_pairs_by_brute_force(places, metric):
    x, y, day = np.array(places).T
    bands = KnoxBands((0.0, 1.0, 2.0, 5.0), (0, 1, 3, 10), metric)
    events = dated_events(x + 5e5, y + 4e6, np.datetime64("2024-01-01") + day, crs=UTM, zone=ZONE)
    table = near_repeat(events, bands, permutations=3).frame
    expected = np.zeros((3, 3), dtype=int)
    for i in range(len(places)):
        for j in range(i):
            east, north = abs(x[i] - x[j]), abs(y[i] - y[j])
            away = east + north if metric == "manhattan" else np.hypot(east, north)
            for t, (u, v) in enumerate([(0, 1), (1, 3), (3, 10)]):
                for d, (a, b) in enumerate([(0, 1), (1, 2), (2, 5)]):
                    expected[t, d] += u <= abs(day[i] - day[j]) < v and a <= away < b
    assert table["observed"].tolist() == expected.ravel().tolist()


def test_p_counts_permutations_with_as_many_pairs():
    """Three events of which two can be close in time: the close pair is together in a third of all orders."""
    events = dated_events([5e5, 5e5, 6e5], [4e6] * 3, ["2024-01-01", "2024-01-01", "2024-06-01"], crs=UTM, zone=ZONE)
    table = near_repeat(events, KnoxBands((0, 10), (0, 1)), permutations=9999).frame
    assert table["p_value"][0] == pytest.approx(1 / 3, abs=0.02)
    assert table["expected"][0] == pytest.approx(1 / 3, abs=0.02)
    assert table["ratio"][0] == pytest.approx(3, abs=0.2)


def test_the_order_of_rows_changes_nothing_and_the_seed_does():
    x, y, day = scattered(300)
    order = np.random.default_rng(5).permutation(300)
    options = {"crs": UTM, "zone": ZONE}
    straight = near_repeat(dated_events(x, y, day, **options), seed=4)
    shuffled = near_repeat(dated_events(x[order], y[order], day[order], **options), seed=4)
    pd.testing.assert_frame_equal(straight.frame, shuffled.frame)
    other = near_repeat(dated_events(x, y, day, **options), seed=5)
    assert (other.frame["observed"] == straight.frame["observed"]).all()
    assert (other.frame["expected"] != straight.frame["expected"]).any()


def test_times_at_random_raise_about_one_band_in_twenty():
    tables = [
        near_repeat(dated_events(*scattered(200, seed), crs=UTM, zone=ZONE), seed=seed).frame for seed in range(20)
    ]
    share = np.mean([(table["p_value"] <= 0.05).mean() for table in tables])
    assert share <= 0.08


def test_midnight_is_the_local_one():
    times = pd.to_datetime(["2024-01-02T05:30Z", "2024-01-02T06:30Z", "2024-06-01T00:00Z"])
    events = dated_events([5e5, 5e5, 6e5], [4e6] * 3, times, crs=UTM, zone=ZONE)
    assert near_repeat(events, KnoxBands((0, 10), (0, 1, 2)), permutations=9).frame["observed"].tolist() == [0, 1]


def test_no_ratio_where_nothing_was_ever_expected():
    events = dated_events([5e5, 5.1e5, 5.2e5], [4e6] * 3, ["2024-01-01"] * 3, crs=UTM, zone=ZONE)
    result = near_repeat(events, KnoxBands((0, 10), (0, 1)), permutations=99)
    assert result.frame["ratio"].isna().all()
    assert result.frame["p_value"].tolist() == [1.0]
    assert "few_events" in {notice.code for notice in result.summary.warnings}


def test_warnings_name_duplicates_and_long_periods():
    x, y, day = scattered(100, days=2000)
    twice = dated_events(np.r_[x, x], np.r_[y, y], np.r_[day, day], crs=UTM, zone=ZONE)
    codes = {notice.code for notice in near_repeat(twice, permutations=99).summary.warnings}
    assert codes == {"long_period", "same_place_same_day"}


@pytest.mark.parametrize(
    "bands",
    [
        KnoxBands((0.0,)),
        KnoxBands((10.0, 5.0)),
        KnoxBands((-1.0, 5.0)),
        KnoxBands((0.0, float("inf"))),
        KnoxBands(time_edges_days=(0, 0)),
        KnoxBands(time_edges_days=(0, 1.5)),
        KnoxBands(metric="chebyshev"),
    ],
)
def test_impossible_bands_are_refused(bands):
    with pytest.raises(ParameterError):
        near_repeat(echoes(5), bands)


def test_impossible_input_is_refused(monkeypatch):
    with pytest.raises(ParameterError):
        near_repeat(echoes(5), permutations=0)
    two = dated_events([5e5, 5e5], [4e6] * 2, ["2024-01-01"] * 2, crs=UTM, zone=ZONE)
    with pytest.raises(TooFewEventsError):
        near_repeat(two)
    monthly = dated_events(
        [5e5] * 3, [4e6] * 3, ["2024-01-01"] * 3, crs=UTM, zone=ZONE, time_precision="month", precision="month"
    )
    with pytest.raises(ParameterError, match="month"):
        near_repeat(monthly)
    with pytest.raises(ParameterError, match="month"):
        raised_risk(monthly, near_repeat(echoes(5), permutations=9), as_of="2024-01-01")
    monkeypatch.setattr(module, "MOST_PAIRS", 5)
    with pytest.raises(ParameterError, match="shorter"):
        near_repeat(dated_events(*scattered(100), crs=UTM, zone=ZONE))


def test_events_without_a_place_or_a_day_are_refused():
    with pytest.raises(TimePrecisionError):
        dated_events([5e5], [4e6], ["2024-01-01"], crs=UTM, zone=ZONE, time_precision="month")
    with pytest.raises(CoordinateError):
        dated_events([-87.6, -87.7], [41.9, 41.8], ["2024-01-01"] * 2, crs=UTM, zone=ZONE)
    with pytest.raises(CoordinateError):
        dated_events([5e5], [4e6], ["2024-01-01"], crs="EPSG:4326", zone=ZONE)
    with pytest.raises(EmptyInputError):
        dated_events([5e5], [4e6], [pd.NaT], crs=UTM, zone=ZONE)
    with pytest.raises(ParameterError):
        dated_events([5e5], [4e6], ["2024-01-01"] * 2, crs=UTM, zone=ZONE)
    with pytest.raises(ParameterError):
        dated_events([5e5], [4e6], ["2024-01-01"], crs=UTM, zone=ZONE, precision="hour")


def test_recent_events_lend_the_bands_that_are_raised(pattern):
    assert pattern.frame["raised"].tolist() == [False, False, False, False, True, False, False, False, False]
    new = dated_events([5e5, 6e5, 7e5], [4e6] * 3, ["2024-05-01", "2024-05-03", "2024-05-09"], crs=UTM, zone=ZONE)
    risk = raised_risk(new, pattern, as_of="2024-05-05 15:00")
    ratio = pattern.frame["ratio"][4]
    assert risk.frame["event"].tolist() == [1, 0]
    assert risk.frame["until"].tolist() == ["2024-05-08", "2024-05-06"]
    assert risk.weights == pytest.approx(np.array([[0, ratio - 1, 0], [0, ratio - 1, 0], [0, 0, 0]]))
    assert risk.summary.excluded == {"after_as_of": 1}
    ring = risk.frame.geometry[1]
    assert ring.area == pytest.approx(2 * (200**2 - 100**2))
    assert not ring.contains(shapely.Point(5e5, 4e6))
    assert ring.contains(shapely.Point(5e5 + 75, 4e6 + 75))


def test_no_recent_event_is_an_empty_map(pattern):
    risk = raised_risk(echoes(), pattern, as_of="2034-01-01")
    assert len(risk.frame) == 0
    assert risk.frame.crs == UTM
    grid = square_grid(shapely.box(5e5, 4e6, 501e3, 4001e3), 100, crs=UTM)
    assert risk_by_cell(risk, grid)["risk"].eq(0).all()


@pytest.mark.parametrize("metric", ["manhattan", "euclidean"])
def test_risk_adds_up_in_cells(metric):
    pattern = near_repeat(echoes(), KnoxBands((0, 100, 200), (0, 5), metric), seed=1)
    new = dated_events([500050.0, 500350.0], [4000050.0] * 2, ["2024-05-01"] * 2, crs=UTM, zone=ZONE)
    risk = raised_risk(new, pattern, as_of="2024-05-02")
    cells = risk_by_cell(risk, square_grid(shapely.box(5e5, 4e6, 501e3, 4001e3), 100, crs=UTM))
    weight = risk.frame["weight"][0]
    hit = set(zip(cells["cell_x"][cells["risk"] > 0] - 5e5, cells["cell_y"][cells["risk"] > 0] - 4e6, strict=True))
    corner = {(150.0, 150.0)} if metric == "euclidean" else set()
    assert {(150.0, 50.0), (50.0, 150.0), (250.0, 50.0), (350.0, 150.0), (450.0, 50.0)} | corner <= hit
    assert (50.0, 50.0) not in hit
    assert cells["risk"].max() == pytest.approx(weight)
    with pytest.raises(CoordinateError):
        risk_by_cell(risk, square_grid(shapely.box(5e5, 4e6, 501e3, 4001e3), 100, crs="EPSG:32617"))


def test_risk_of_the_place_itself_counts_in_its_cell():
    x, day = 5e5 + np.arange(60) * 5000.0, np.datetime64("2024-01-01") + np.arange(60) * 20
    events = dated_events(np.r_[x, x], np.full(120, 4e6), np.r_[day, day + 3], crs=UTM, zone=ZONE)
    pattern = near_repeat(events, KnoxBands((0, 0.1, 100), (0, 2, 5)), seed=1)
    new = dated_events([500010.0], [4000010.0], ["2024-05-01"], crs=UTM, zone=ZONE)
    risk = raised_risk(new, pattern, as_of="2024-05-04")
    cells = risk_by_cell(risk, square_grid(shapely.box(5e5, 4e6, 501e3, 4001e3), 100, crs=UTM))
    assert cells.loc[cells["risk"] > 0, ["cell_x", "cell_y"]].to_numpy().tolist() == [[500050.0, 4000050.0]]
    with pytest.raises(ParameterError):
        raised_risk(new, pattern, as_of=None)


def test_the_cell_of_the_crime_is_at_risk_where_only_its_surroundings_are_raised():
    """Else a map of risk has a hole in the middle of each neighbourhood."""
    x, day = 5e5 + np.arange(60) * 5000.0, np.datetime64("2024-01-01") + np.arange(60) * 20
    events = dated_events(np.r_[x, x + 60], np.full(120, 4e6), np.r_[day, day + 3], crs=UTM, zone=ZONE)
    pattern = near_repeat(events, KnoxBands((0, 0.1, 100), (0, 2, 5)), seed=1)
    new = dated_events([500030.0], [4000030.0], ["2024-05-01"], crs=UTM, zone=ZONE)
    risk = raised_risk(new, pattern, as_of="2024-05-04")
    cells = risk_by_cell(risk, square_grid(shapely.box(5e5, 4e6, 501e3, 4001e3), 100, crs=UTM))
    own = cells[(cells["cell_x"] == 500050.0) & (cells["cell_y"] == 4000050.0)]
    assert own["risk"].tolist() == [risk.frame["weight"].max()]
    assert own["events"].tolist() == [1]
