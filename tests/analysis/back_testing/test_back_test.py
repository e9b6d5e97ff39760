"""Back-tests: no look ahead, fair comparison, failures explained, sanity on real cities."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from analysis.back_testing.back_test import back_test
from analysis.back_testing.back_test_plan import BackTestPlan
from analysis.back_testing.ranking_methods import (
    RankingMethod,
    count_ranking,
    getis_ord_ranking,
    kernel_ranking,
    random_ranking,
    residents_ranking,
    standard_methods,
)
from analysis.back_testing.rolling_windows import rolling_windows
from analysis.errors import (
    CoordinateError,
    EmptyInputError,
    ParameterError,
    TimePrecisionError,
    TooFewEventsError,
    ZeroVarianceError,
)
from analysis.grids.square import square_grid
from analysis.space_time.dated_events import dated_events

UTM, ZONE = "EPSG:32616", "America/Chicago"
AREA = shapely.box(500_000, 4_000_000, 503_000, 4_003_000)
GRID = square_grid(AREA, 150, crs=UTM)


def town(n=1500, seed=0, months=12):
    random = np.random.default_rng(seed)
    centres = random.uniform(400, 2600, (5, 2))
    x, y = (centres[random.integers(0, 5, n)] + random.normal(0, 130, (n, 2))).T
    x, y = 500_000 + np.clip(x, 1, 2999), 4_000_000 + np.clip(y, 1, 2999)
    day = np.datetime64("2024-01-01") + random.integers(0, int(months * 30.4), n)
    return x, y, day


def events_of(x, y, day, **more):
    return dated_events(x, y, day, crs=UTM, zone=ZONE, **more)


EVENTS = events_of(*town())
PLAN = BackTestPlan(fit=3, score=1)
FAST = (count_ranking(), random_ranking())


def test_density_beats_counts_beats_chance_on_a_planted_town():
    tested = back_test(EVENTS, GRID, PLAN)
    ranking = tested.ranking.set_index("method")
    assert ranking.loc["random", "mean"] == pytest.approx(1.0)
    assert ranking["mean"].drop("random").min() > 2
    assert ranking.index[0] not in ("counts", "random")
    assert tested.ranking["rank"].is_monotonic_increasing
    assert ranking.loc["random", "behind_best_low"] > 0
    assert ranking.loc["counts", "above_reference"] == 0.0
    assert ranking["windows_won"].sum() == pytest.approx(9)
    numbers = tested.results.select_dtypes("number").drop(columns="rri")
    assert np.isfinite(numbers.to_numpy(dtype=float)).all()
    assert tested.results.groupby("method").size().nunique() == 1
    assert tested.failed == {}
    ends = tested.curves.groupby("method")["capture_share"].agg(["first", "last"])
    assert ends["first"].max() == 0
    assert ends["last"].min() == pytest.approx(1)


def test_the_summary_reconciles_and_reads():
    x, y, day = town()
    x[0] = 600_000
    day = day.astype(object)
    day[1] = None
    tested = back_test(events_of(x, y, day), GRID, BackTestPlan(fit=3, score=2), methods=FAST)
    summary = tested.summary
    assert summary.n_used + sum(summary.excluded.values()) == 1500
    assert summary.excluded["outside"] == summary.excluded["no_time"] == 1
    assert summary.excluded["outside_windows"] > 0
    assert summary.parameters["windows"] == 4
    assert "Best: counts" in summary.reading
    assert "better than every other" in summary.reading
    assert [notice.code for notice in summary.warnings] == ["few_windows"]
    json.dumps(summary.to_dict(), allow_nan=False)


def test_the_order_of_rows_does_not_matter_and_a_seed_repeats():
    x, y, day = town(400)
    order = np.random.default_rng(9).permutation(x.size)
    first = back_test(events_of(x, y, day), GRID, PLAN, seed=4)
    again = back_test(events_of(x[order], y[order], day[order]), GRID, PLAN, seed=4)
    pd.testing.assert_frame_equal(again.ranking, first.ranking, check_exact=True)
    pd.testing.assert_frame_equal(again.results, first.results, check_exact=True)
    other = back_test(events_of(x, y, day), GRID, PLAN, seed=5)
    assert not other.ranking["behind_best_high"].equals(first.ranking["behind_best_high"])
    assert other.ranking["mean"].equals(first.ranking["mean"])


def test_a_method_sees_only_the_fitting_period_and_a_new_one_plugs_in():
    seen = []

    def recent(x, y, age_days, grid):
        seen.append((age_days.min(), age_days.max(), x.size))
        return grid.count(x, y, weights=0.5 ** (age_days / 30)).counts[grid.inside]

    plan = BackTestPlan(fit=60, score=14, unit="day")
    tested = back_test(EVENTS, GRID, plan, methods=(*FAST, RankingMethod("recent counts", recent)))
    assert "recent counts" in set(tested.ranking["method"])
    assert min(low for low, _, _ in seen) >= 0.5
    assert max(high for _, high, _ in seen) <= 59.5
    assert len(seen) == tested.summary.parameters["windows"]


def test_a_method_that_fails_is_named_and_not_ranked():
    def broken(x, y, age_days, grid):
        return np.full(grid.n_cells, np.nan)

    def unhappy(x, y, age_days, grid):
        raise ZeroVarianceError("Every cell holds the same count.")

    methods = (*FAST, RankingMethod("broken", broken), RankingMethod("unhappy", unhappy))
    tested = back_test(EVENTS, GRID, PLAN, methods=methods)
    assert set(tested.failed) == {"broken", "unhappy"}
    assert "finite score" in tested.failed["broken"]
    assert tested.ranking["method"].to_list() == ["counts", "random"]
    assert "Could not be ranked: broken, unhappy" in tested.summary.reading
    with pytest.raises(EmptyInputError, match="No method could be ranked"):
        back_test(EVENTS, GRID, BackTestPlan(fit=3, score=1, reference=None), methods=methods[2:])


def test_without_the_reference_or_with_one_window_there_is_no_interval():
    plan = BackTestPlan(fit=6, score=6, measure="area_under")
    tested = back_test(EVENTS, GRID, plan, methods=FAST)
    assert tested.ranking["behind_best_low"].isna().all()
    assert "One window" in tested.summary.reading
    alone = back_test(
        EVENTS, GRID, BackTestPlan(fit=3, score=2, step=1, reference=None), methods=(kernel_ranking("quartic", 450),)
    )
    assert "above_reference" not in alone.ranking
    assert "overlapping_windows" in [notice.code for notice in alone.summary.warnings]


def test_windows_without_events_are_left_out_and_counted():
    x, y, day = town()
    gap = (day >= np.datetime64("2024-06-01")) & (day < np.datetime64("2024-07-01"))
    tested = back_test(events_of(x[~gap], y[~gap], day[~gap]), GRID, PLAN, methods=FAST)
    assert tested.summary.parameters["windows"] == 8
    assert "empty_windows" in [notice.code for notice in tested.summary.warnings]


def test_residents_are_a_baseline():
    residents = np.arange(GRID.n_cells, dtype=float)
    tested = back_test(EVENTS, GRID, PLAN, methods=(*FAST, residents_ranking(residents)))
    assert tested.ranking["method"].to_list()[0] == "counts"
    assert [method.name for method in standard_methods(GRID, residents)][-1] == "residents"
    with pytest.raises(ParameterError, match="residents"):
        residents_ranking([1, np.nan])
    failed = back_test(EVENTS, GRID, PLAN, methods=(*FAST, residents_ranking([1, 2])))
    assert "shape" in failed.failed["residents"]


@pytest.mark.parametrize(
    ("plan", "error", "words"),
    [
        (BackTestPlan(fit=0, score=1), ParameterError, "fit 0"),
        (BackTestPlan(fit=1, score=1, unit="week"), ParameterError, "unit"),
        (BackTestPlan(fit=30, score=1), TooFewEventsError, "cover 12 months"),
        (BackTestPlan(fit=3, score=1, measure="luck"), ParameterError, "measure"),
        (BackTestPlan(fit=3, score=1, area_share=0), ParameterError, "area shares"),
        (BackTestPlan(fit=3, score=1, reference="tarot"), ParameterError, "tarot"),
        (BackTestPlan(fit=3, score=1, resamples=0), ParameterError, "resamples"),
    ],
)
def test_bad_plans_are_refused(plan, error, words):
    with pytest.raises(error, match=words):
        back_test(EVENTS, GRID, plan, methods=FAST)


def test_bad_input_is_refused():
    other = square_grid(AREA, 150, crs="EPSG:32615")
    with pytest.raises(CoordinateError, match="32615"):
        back_test(EVENTS, other, PLAN)
    with pytest.raises(ParameterError, match="called 'counts'"):
        back_test(EVENTS, GRID, PLAN, methods=(count_ranking(), count_ranking()))
    with pytest.raises(ParameterError, match="no method"):
        back_test(EVENTS, GRID, PLAN, methods=())
    with pytest.raises(ParameterError, match="kernel"):
        kernel_ranking("cone")
    away = events_of(
        np.array([6e5, 6e5]), np.array([4e6, 4e6]), np.array(["2024-01-01", "2024-09-01"], "datetime64[D]")
    )
    with pytest.raises(EmptyInputError, match="study area"):
        back_test(away, GRID, PLAN)
    x, y = np.array([500_100.0, 6e5]), np.array([4_000_100.0, 4e6])
    half = events_of(x, y, np.array(["2024-01-01", "2024-09-01"], "datetime64[D]"))
    with pytest.raises(EmptyInputError, match="windows has events"):
        back_test(half, GRID, PLAN)
    months = events_of(*town(), time_precision="month", precision="month")
    with pytest.raises(TimePrecisionError, match="month"):
        back_test(months, GRID, BackTestPlan(fit=30, score=7, unit="day"))
    assert len(back_test(months, GRID, PLAN, methods=FAST).ranking) == 2


def test_windows_are_cut_from_the_end_and_scored_once():
    days = np.arange(100, 200)
    windows = rolling_windows(days, fit=30, score=20, unit="day")
    assert [(one.fit_from, one.score_from, one.score_to) for one in windows] == [
        (110, 140, 160), (130, 160, 180), (150, 180, 200),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def memphis(shared_data):
    frame = gpd.read_file(shared_data / "memphis" / "incidents_robberies_2019.geojson").to_crs("EPSG:32615")
    precincts = gpd.read_file(shared_data / "memphis" / "police_precincts.geojson").to_crs("EPSG:32615")
    area = shapely.union_all(shapely.make_valid(precincts.geometry.to_numpy()))
    day = pd.to_datetime(frame["date"]).dt.tz_localize(None)
    events = dated_events(frame.geometry.x, frame.geometry.y, day, crs="EPSG:32615", zone=ZONE)
    return events, area


@pytest.mark.real_data
def test_memphis_all_beat_chance_and_density_beats_counts_over_the_whole_curve(memphis):
    events, area = memphis
    for cell in (400, 500):
        grid = square_grid(area, cell, crs="EPSG:32615")
        by_index = back_test(events, grid, BackTestPlan(fit=6, score=1)).ranking.set_index("method")
        assert by_index.loc["random", "mean"] == pytest.approx(1.0)
        assert by_index.index[-1] == "random"
        assert by_index["mean"].drop("random").min() > 4
        assert (by_index.drop("random")["mean"] > by_index.loc["random", "mean"]).all()
        by_curve = back_test(events, grid, BackTestPlan(fit=6, score=1, measure="area_under")).ranking
        assert by_curve["method"].iloc[0].startswith("gaussian density, sigma")
        assert by_curve["above_reference_low"].iloc[0] > 0.05
        assert by_curve["method"].to_list()[-2:] == ["counts", "random"]


@pytest.mark.real_data
def test_chicago_order_is_stable_between_halves_of_the_decade(shared_data):
    frame = pd.read_csv(shared_data / "chicago" / "incidents_aggravated_assaults_2010_2019.csv.gz")
    points = gpd.points_from_xy(frame["longitude"], frame["latitude"], crs=4326).to_crs("EPSG:32616")
    districts = gpd.read_file(shared_data / "chicago" / "police_districts.geojson").to_crs("EPSG:32616")
    area = shapely.union_all(shapely.make_valid(shapely.force_2d(districts.geometry.to_numpy())))
    grid = square_grid(area, 300, crs="EPSG:32616")
    day = pd.to_datetime(frame["date"])
    methods = (
        kernel_ranking("quartic", 600.0), kernel_ranking("quartic", 3000.0), getis_ord_ranking(), *FAST,
    )  # fmt: skip
    orders = []
    for first in (2010, 2015):
        half = ((day.dt.year >= first) & (day.dt.year < first + 5)).to_numpy()
        events = dated_events(points.x[half], points.y[half], day[half], crs="EPSG:32616", zone=ZONE)
        tested = back_test(events, grid, BackTestPlan(fit=12, score=6), methods=methods)
        orders.append(tested.ranking["method"].to_list())
        assert tested.ranking.set_index("method").drop("random")["mean"].min() > 2
    assert orders[0] == orders[1]
    assert orders[0][-1] == "random"
