"""The cube, Gi* in space and time by its definition, and every one of the seventeen categories."""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.errors import EmptyInputError, ParameterError, TooFewEventsError, ZeroVarianceError
from analysis.grids.square import square_grid
from analysis.hot_spots.getis_ord import gi_star
from analysis.hot_spots.significance import q_values
from analysis.space_time.cube_hot_spots import cube_hot_spots
from analysis.space_time.dated_events import dated_events
from analysis.space_time.emerging_hot_spots import CATEGORIES, development_category, emerging_hot_spots
from analysis.space_time.mann_kendall import mann_kendall
from analysis.space_time.space_time_cube import SpaceTimeCube, space_time_cube

UTM, ZONE = "EPSG:32616", "America/Chicago"
ON, OFF, COLD = 3, 0, -2


def grid(n=6, crs=UTM):
    return square_grid(shapely.box(5e5, 4e6, 5e5 + 100 * n, 4e6 + 100 * n), 100, crs=crs)


def daily(first="2024-03-01", days=70, per_day=3, seed=0, **options):
    rng = np.random.default_rng(seed)
    day = np.repeat(np.datetime64(first) + np.arange(days), per_day)
    x, y = 5e5 + 600 * rng.random(day.size), 4e6 + 600 * rng.random(day.size)
    return dated_events(x, y, day, crs=UTM, zone=ZONE, **options)


def category(bins, z=0.0, p=1.0, **options):
    return development_category([bins], [z], [p], **options)[0]


RISING, FALLING, LEVEL = {"z": 2.5, "p": 0.01}, {"z": -2.5, "p": 0.01}, {"z": 1.0, "p": 0.3}

DEVELOPMENTS = [
    ("new", [OFF] * 9 + [ON], LEVEL),
    ("consecutive", [OFF] * 8 + [ON] * 2, RISING),
    ("consecutive", [OFF] * 2 + [ON] * 8, LEVEL),
    ("intensifying", [ON] * 10, RISING),
    ("intensifying", [OFF] + [ON] * 9, RISING),
    ("persistent", [ON] * 10, LEVEL),
    ("persistent", [ON] * 4 + [OFF] + [ON] * 5, LEVEL),
    ("diminishing", [ON] * 10, FALLING),
    ("sporadic", [ON, OFF, ON, OFF, OFF, ON, OFF, OFF, OFF, ON], LEVEL),
    ("sporadic", [ON] * 4 + [OFF] * 2 + [ON] * 4, RISING),
    ("oscillating", [ON, COLD, OFF, OFF, OFF, OFF, OFF, OFF, OFF, ON], LEVEL),
    ("historical", [ON] * 9 + [OFF], LEVEL),
    ("historical", [ON] * 9 + [OFF], FALLING),
    (None, [OFF] * 10, RISING),
    (None, [ON] * 8 + [OFF] * 2, LEVEL),
    (None, [OFF] * 5 + [ON] * 4 + [OFF], LEVEL),
    ("new", [COLD] + [OFF] * 8 + [ON], LEVEL),
]


@pytest.mark.parametrize(("name", "bins", "trend"), DEVELOPMENTS)
def test_each_category_hot_and_cold(name, bins, trend):
    expected = f"{name} hot spot" if name else "no pattern"
    assert category(bins, **trend) == expected
    mirrored = {"z": -trend["z"], "p": trend["p"]}
    assert category([-bin_ for bin_ in bins], **mirrored) == expected.replace("hot", "cold")


def test_all_seventeen_categories_occur():
    names = {category([sign * b for b in bins], sign * trend["z"], trend["p"])
             for _, bins, trend in DEVELOPMENTS for sign in (1, -1)}  # fmt: skip
    assert names == set(CATEGORIES)
    assert len(CATEGORIES) == 17


def test_a_location_that_was_cold_is_no_new_hot_spot_only_because_it_was_significant_once():
    """Peers count cold bins among the significant ones: a first hot bin after a cold one is then nothing."""
    assert category([OFF, OFF, COLD, OFF, ON]) == "new hot spot"
    assert category([COLD] * 9 + [ON]) == "new hot spot"
    assert category([ON] * 9 + [COLD]) == "new cold spot"


def test_confidence_decides_what_is_hot_and_what_is_a_trend():
    bins = [1] * 8 + [3, 3]
    assert category(bins, z=1.8, p=0.07) == "intensifying hot spot"
    assert category(bins, z=1.8, p=0.07, confidence=99) == "consecutive hot spot"
    assert category([3] * 10, z=1.8, p=0.07, confidence=95) == "persistent hot spot"


@given(
    arrays(np.int64, st.tuples(st.integers(1, 20), st.integers(2, 15)), elements=st.integers(-3, 3)), st.floats(-3, 3)
)
def test_every_series_has_one_category_and_its_mirror_the_mirrored_one(bins, z):
    trend_z, trend_p = np.full(len(bins), z), np.full(len(bins), 0.05)
    forth = development_category(bins, trend_z, trend_p)
    back = development_category(-bins, -trend_z, trend_p)
    assert set(forth) <= set(CATEGORIES)
    swapped = [name.replace("hot spot", "?").replace("cold spot", "hot spot") for name in back]
    assert [name.replace("?", "cold spot") for name in swapped] == forth.tolist()


@pytest.mark.parametrize(
    ("bins", "z", "p", "options"),
    [
        ([[1]], [0.0], [1.0], {}),
        ([1, 2], [0.0], [1.0], {}),
        ([[1, 2]], [0.0, 1.0], [1.0], {}),
        ([[1, 4]], [0.0], [1.0], {}),
        ([[1.0, 2.0]], [0.0], [1.0], {}),
        ([[1, 2]], [np.nan], [1.0], {}),
        ([[1, 2]], [0.0], [1.0], {"confidence": 80}),
    ],
)
def test_what_are_no_bins_is_refused(bins, z, p, options):
    with pytest.raises(ParameterError):
        development_category(bins, z, p, **options)


@settings(deadline=None, max_examples=30)
@given(arrays(np.int64, (4, 3, 4), elements=st.integers(0, 3)), arrays(np.bool_, (3, 4)))
def test_gi_star_in_space_and_time_by_definition(counts, inside):
    counts = counts * inside
    bins = [(t, r, c) for t in range(4) for r in range(3) for c in range(4) if inside[r, c]]
    values = np.array([counts[b] for b in bins], dtype=float)
    assume(len(bins) > 18 and values.std() > 0)
    found = cube_hot_spots(counts, inside)
    n = len(bins)
    for (t, r, c), z in zip(bins, found.z.ravel(), strict=True):
        near = [
            v
            for (u, s, d), v in zip(bins, values, strict=True)
            if t - u in (0, 1) and abs(s - r) < 2 and abs(d - c) < 2
        ]
        w = len(near)
        expected = (sum(near) - values.mean() * w) / (values.std() * np.sqrt((n * w - w * w) / (n - 1)))
        assert z == pytest.approx(expected, abs=1e-9)
    assert found.q_value.ravel() == pytest.approx(q_values(found.p_value.ravel()))
    assert np.isfinite(found.p_value).all()


def test_the_first_step_looks_at_itself_only():
    counts = np.zeros((4, 5, 5), dtype=np.int64)
    counts[0, 2, 2] = 7
    alone = gi_star(np.tile(counts[0], (1, 1)), np.ones((5, 5), dtype=bool))
    found = cube_hot_spots(counts, np.ones((5, 5), dtype=bool))
    assert (np.sign(found.z[0]) == np.sign(alone.z)).all()
    assert (found.z[1].reshape(5, 5)[1:4, 1:4] > 0).all()
    assert (found.z[2:] < 0).all()


def test_cubes_that_cannot_be_analysed_are_refused():
    inside = np.ones((3, 3), dtype=bool)
    with pytest.raises(EmptyInputError):
        cube_hot_spots(np.zeros((4, 3, 3), dtype=np.int64), inside)
    with pytest.raises(ZeroVarianceError):
        cube_hot_spots(np.ones((4, 3, 3), dtype=np.int64), inside)
    with pytest.raises(TooFewEventsError):
        cube_hot_spots(np.ones((2, 3, 3), dtype=np.int64), inside)


def test_the_cube_reconciles_and_says_what_it_leaves_out():
    events = daily(days=70)
    cube = space_time_cube(events, grid(5), step=14, start="2024-03-05", end="2024-05-08")
    assert cube.starts == ("2024-03-05", "2024-03-19", "2024-04-02", "2024-04-16")
    assert cube.end == "2024-04-30"
    assert cube.excluded["before_start"] == 4 * 3
    assert cube.excluded["after_end"] == 3 * 2
    assert cube.excluded["partial_last_step"] == 8 * 3
    assert cube.n_used + sum(cube.excluded.values()) == 210
    assert {notice.code for notice in cube.notices} == {"partial_last_step", "few_steps"}
    whole = space_time_cube(events, grid(), step=7)
    assert whole.excluded == {}
    assert whole.counts.sum(axis=(1, 2)).tolist() == [21] * 10
    assert whole.notices == ()


def test_steps_begin_at_local_midnight_on_both_sides_of_a_change_of_the_clock():
    times = pd.to_datetime(["2024-03-09T06:00Z", "2024-03-10T05:59Z", "2024-03-10T06:00Z", "2024-03-11T04:59Z",
                            "2024-03-11T05:00Z", "2024-03-12T06:00Z"])  # fmt: skip
    events = dated_events([500050.0] * 6, [4000050.0] * 6, times, crs=UTM, zone=ZONE)
    assert space_time_cube(events, grid(), step=1).counts.sum(axis=(1, 2)).tolist() == [2, 2, 1, 1]


def test_months_are_steps_for_data_by_the_month():
    months = np.repeat(np.arange("2024-01", "2024-07", dtype="datetime64[M]"), 5).astype("datetime64[D]")
    options = {"crs": UTM, "zone": ZONE, "time_precision": "month", "precision": "month"}
    events = dated_events(np.full(30, 500050.0), np.full(30, 4000050.0), months, **options)
    cube = space_time_cube(events, grid(), step="month")
    assert cube.starts == ("2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01", "2024-05-01", "2024-06-01")
    assert cube.n_used == 30
    assert "unequal_steps" in {notice.code for notice in cube.notices}
    with pytest.raises(ParameterError, match="month"):
        space_time_cube(events, grid(), step=7)
    by_day = space_time_cube(daily("2024-01-10", days=160), grid(), step="month")
    assert by_day.starts[0] == "2024-01-01"
    assert by_day.end == "2024-06-01"
    assert by_day.excluded["partial_last_step"] == 17 * 3


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"step": 0}, ParameterError),
        ({"step": 1.5}, ParameterError),
        ({"step": "week"}, ParameterError),
        ({"step": 30}, TooFewEventsError),
        ({"step": 7, "start": "2024-05-01", "end": "2024-04-01"}, ParameterError),
        ({"step": 7, "start": None, "end": pd.NaT}, ParameterError),
        ({"step": "month", "start": "2024-03-02"}, ParameterError),
        ({"step": 7, "start": "2030-01-01", "end": "2031-01-01"}, EmptyInputError),
        ({"step": 1, "end": "9999-01-01"}, ParameterError),
    ],
)
def test_impossible_periods_are_refused(options, error):
    with pytest.raises(error):
        space_time_cube(daily(), grid(), **options)


def test_events_elsewhere_or_in_another_crs_are_refused():
    with pytest.raises(ParameterError):
        space_time_cube(daily(), grid(crs="EPSG:32617"), step=7)
    far = dated_events([9e5] * 40, [4e6] * 40, np.datetime64("2024-01-01") + np.arange(40), crs=UTM, zone=ZONE)
    with pytest.raises(EmptyInputError):
        space_time_cube(far, grid(), step=7)


def test_a_cluster_that_comes_at_the_end_is_found_whatever_the_order_of_rows():
    base = daily(days=84)
    rng = np.random.default_rng(2)
    x, y = 5e5 + 150 + 200 * rng.random(80), 4e6 + 150 + 200 * rng.random(80)
    day = np.datetime64("2024-03-01") + 77 + rng.integers(0, 7, 80)
    all_x, all_y = np.r_[base.x, x], np.r_[base.y, y]
    all_days = np.r_[base.day.astype("datetime64[D]"), day]
    order = rng.permutation(all_x.size)
    found = [
        emerging_hot_spots(
            space_time_cube(dated_events(all_x[o], all_y[o], all_days[o], crs=UTM, zone=ZONE), grid(), step=7)
        )
        for o in (np.arange(all_x.size), order)
    ]
    pd.testing.assert_frame_equal(found[0].frame, found[1].frame)
    frame = found[0].frame
    middle = frame[frame["cell_x"].between(500_150, 500_350) & frame["cell_y"].between(4_000_150, 4_000_350)]
    assert set(middle["category"]) == {"new hot spot"}
    assert frame["count"].sum() == found[0].summary.n_used == 332
    trend = mann_kendall(found[0].bins.z[1:].T)
    assert frame["trend_z"].tolist() == trend.z.tolist()
    assert "new hot spot" in found[0].summary.reading
    for bad in ({"confidence": 80}, {"correction": "fdr"}):
        with pytest.raises(ParameterError):
            emerging_hot_spots(found[0].cube, **bad)


def test_empty_cells_do_not_get_colder_because_the_first_window_is_smaller():
    counts = np.zeros((40, 20, 20), dtype=np.int64)
    counts[:, :6, :6] = np.random.default_rng(0).poisson(30, (40, 6, 6))
    place = square_grid(shapely.box(5e5, 4e6, 502e3, 4002e3), 100, crs=UTM)
    days = tuple(str(day) for day in np.datetime64("2024-01-01") + np.arange(40))
    found = emerging_hot_spots(SpaceTimeCube(counts, place, 1, days, "2024-02-10", {}))
    far = (found.frame["cell_x"] > 500_900) & (found.frame["cell_y"] > 4_000_900)
    assert (found.frame.loc[far, "trend_p"] == 1.0).all()
    assert (mann_kendall(found.bins.z.T).p_value[far] <= 0.10).all()


def test_warnings_of_few_events_and_no_study_area():
    x, y = 5e5 + 100 * (np.arange(60) % 8), 4e6 + 100 * (np.arange(60) // 8 % 8)
    events = dated_events(x, y, np.datetime64("2024-01-01") + np.arange(60), crs=UTM, zone=ZONE)
    cube = space_time_cube(events, square_grid(None, 100, crs=UTM, x=x, y=y), step=5)
    assert {notice.code for notice in emerging_hot_spots(cube).summary.warnings} == {"few_events", "no_study_area"}


@pytest.mark.real_data
def test_robberies_of_memphis_by_month(oracles):
    robberies = pd.read_csv(oracles / "memphis_robberies_2019.csv")
    events = dated_events(
        robberies["x"], robberies["y"], pd.to_datetime(robberies["date"]), crs="EPSG:32615", zone=ZONE
    )
    area = square_grid(None, 1000, crs="EPSG:32615", x=robberies["x"], y=robberies["y"])
    found = emerging_hot_spots(space_time_cube(events, area, step=30))
    assert found.cube.n_steps == 12
    assert found.summary.n_used + sum(found.summary.excluded.values()) == 2245
    assert found.frame["category"].str.contains("hot spot").sum() > 20
    assert found.frame[["trend_z", "trend_p"]].notna().all(axis=None)


def test_a_bin_of_many_among_cold_ones_is_no_hot_spot():
    counts = np.ones((4, 15, 15), dtype=np.int64)
    counts[1:3, 6:9, 6:9] = 0
    counts[2, 7, 7] = 90
    found = cube_hot_spots(counts, np.ones((15, 15), dtype=bool), correction="none")
    middle = 7 * 15 + 7
    assert found.z[2, middle] > 3
    assert found.p_value[2, middle] < 0.1
    assert found.bins[2, middle] <= 0
