"""Charts carry units, source and handling mark, tell apart without colour, and come out the same twice."""

import subprocess
import sys
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
import shapely

from analysis.back_testing.back_test import CURVE_SHARES
from analysis.density.bandwidth import Bandwidth
from analysis.density.bandwidth_rules import choose_bandwidth
from analysis.errors import ParameterError
from analysis.grids.square import square_grid
from analysis.places.top_places import top_cells
from analysis.space_time.hour_profile import hour_profile
from analysis.space_time.monthly_trend import monthly_trend
from analysis.space_time.period_change import period_change
from app.charts.captions import Caption
from app.charts.method_charts import LINES, bandwidth_chart, capture_chart
from app.charts.place_charts import change_forest, top_places_chart
from app.charts.sheet import rendered
from app.charts.time_charts import heat_clock, trend_chart

CAPTION = Caption("A title", "the police, 2024", "RESTRICTED", "run-7", "kvart 9")


@pytest.fixture(scope="module")
def events():
    random = np.random.default_rng(3)
    return random.normal(1500, 500, 800), random.normal(1500, 300, 800)


@pytest.fixture(scope="module")
def grid():
    return square_grid(shapely.box(0, 0, 3000, 3000), 500, crs="EPSG:32616")


@pytest.fixture(scope="module")
def trend():
    days = pd.date_range("2022-01-01", "2023-12-31", freq="6h")
    gone = (days.year == 2023) & (days.month == 3)
    return monthly_trend(days[~gone], zone="Europe/Riga", start="2022-01-01", end="2023-12-20")


@pytest.fixture(scope="module")
def figures(events, grid, trend):
    x, y = events
    times = pd.date_range("2024-01-01", periods=600, freq="5h")
    half = grid.count(x[:300], y[:300]).counts, grid.count(x[300:], y[300:]).counts
    curves = pd.concat(
        pd.DataFrame({"method": name, "area_share": CURVE_SHARES, "capture_share": CURVE_SHARES**power})
        for name, power in (("density", 0.2), ("counts", 0.4))
    )
    return {
        "clock": heat_clock(hour_profile(times, times, zone="Europe/Riga"), CAPTION),
        "trend": trend_chart(trend, CAPTION),
        "capture": capture_chart(curves, CAPTION),
        "bandwidth": bandwidth_chart(choose_bandwidth(x, y, 50.0, rule="cross_validation"), CAPTION),
        "change": change_forest(period_change(*half, grid, days_before=200, days_after=200), CAPTION, n=6),
        "top": top_places_chart(top_cells(x, y, grid, n=5), CAPTION, names={14: "Market square"}),
    }


NAMES = ("clock", "trend", "capture", "bandwidth", "change", "top")


def words(figure):
    return " ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


@pytest.mark.parametrize("name", NAMES)
def test_a_chart_says_what_it_shows_from_whom_and_for_whom(figures, name):
    told = words(figures[name])
    for part in ("A title", "Source: the police, 2024", "RESTRICTED", "Run run-7", "kvart 9"):
        assert part in told
    assert any(axes.get_xlabel() for axes in figures[name].axes)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_runs_out_of_the_sheet(figures, name):
    figure = figures[name]
    figure.draw_without_rendering()
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= width
    assert box.y1 <= height


@pytest.mark.parametrize(("kind", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
@pytest.mark.parametrize("name", ["clock", "trend"])
def test_the_same_figure_is_the_same_file(figures, name, kind, start):
    once = rendered(figures[name], kind)
    assert once.startswith(start)
    assert once == rendered(figures[name], kind)
    if kind == "svg":
        ET.fromstring(once)


def test_months_with_holes_are_hatched(figures, trend):
    assert (trend.frame["coverage"] == "hole").sum() == 1
    hatches = [patch.get_hatch() for patch in figures["trend"].axes[0].patches if patch.get_hatch()]
    assert "xxx" in hatches
    assert "hole in the data" in words(figures["trend"])


def test_a_short_series_says_why_it_has_no_trend():
    told = words(trend_chart(monthly_trend(["2024-01-05", "2024-02-07"], zone="Europe/Riga"), CAPTION))
    assert "Too few whole months" in told


def test_methods_are_told_apart_without_colour():
    assert len({str(dashes) for _, dashes, _ in LINES}) == len(LINES) == len({marker for *_, marker in LINES})


def test_the_best_method_comes_first_and_its_share_is_told(figures):
    told = words(figures["capture"])
    assert "At 5% of the area, density catches 55% of the later events; chance 5%." in told


def test_places_are_called_by_name(figures):
    assert "Market square" in words(figures["top"])


def test_a_cell_without_events_before_has_an_open_interval(grid):
    after = np.zeros(grid.inside.shape, dtype=int)
    after[2, 2] = 40
    before = np.zeros_like(after)
    before[0, 0] = 3
    told = words(change_forest(period_change(before, after, grid, days_before=99, days_after=99), CAPTION))
    assert "0 → 40" in told
    assert "1 cells rose" in told


def test_a_bandwidth_without_trials_has_no_chart():
    with pytest.raises(ParameterError, match="tried no others"):
        bandwidth_chart(Bandwidth(300.0, "chosen by hand"), CAPTION)


def test_charts_leave_pyplot_alone():
    code = "import sys, app.charts.method_charts, app.charts.time_charts, app.charts.place_charts; "
    code += "assert 'matplotlib.pyplot' not in sys.modules, 'pyplot'"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
