"""Lighting of streets: against brute force, tri-state rules, the outage log, odds by hand, a real inventory."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from scipy.stats import norm

from analysis.errors import CoordinateError, EmptyInputError, GeometryError, ParameterError, TooFewEventsError
from analysis.lighting.darkness_odds import darkness_odds
from analysis.lighting.lamps import working_lamps
from analysis.lighting.street_lighting import LIT, UNKNOWN, UNLIT, Lamps, street_lighting

CRS = "EPSG:32634"


def lines(*coordinates):
    return gpd.GeoSeries([shapely.LineString(points) for points in coordinates], crs=CRS)


def lamps_at(*places, working=None, **options):
    x, y = np.array(places, dtype=float).reshape(-1, 2).T
    return Lamps(x, y, np.ones(x.size, bool) if working is None else np.array(working), **options)


def test_lit_metres_equal_a_brute_force_search():
    random = np.random.default_rng(3)
    streets = gpd.GeoSeries(
        [shapely.LineString(random.uniform(0, 500, (4, 2))) for _ in range(20)]
        + [shapely.MultiLineString([[(0, 0), (30, 0)], [(100, 0), (142, 0)]])],
        crs=CRS,
    )
    places, working = random.uniform(0, 500, (40, 2)), random.random(40) < 0.7
    found = street_lighting(streets, Lamps(places[:, 0], places[:, 1], working))
    for number, street in enumerate(streets):
        lit = 0.0
        for line in shapely.get_parts(street):
            n = int(np.ceil(line.length / 5))
            for i in range(n):
                point = line.interpolate((i + 0.5) * line.length / n)
                reached = min(point.distance(shapely.Point(*place)) for place in places[working]) <= 20
                lit += reached * line.length / n
        row = found.frame.iloc[number]
        assert row["lit_m"] == pytest.approx(lit)
        assert row["lit_m"] + row["unlit_m"] == pytest.approx(street.length)
        nearest = min(street.distance(shapely.Point(*place)) for place in places[working])
        assert row["nearest_working_lamp_m"] == pytest.approx(nearest)
    assert found.frame["length_m"].to_numpy() == pytest.approx(streets.length.to_numpy())


def test_the_inventory_overrides_the_map_and_silence_is_unknown():
    streets = lines([(0, 0), (100, 0)], [(0, 500), (100, 500)], [(0, 900), (100, 900)], [(0, 1200), (100, 1200)])
    lamps = lamps_at((10, 0), (50, 0), (90, 0), covered=shapely.box(-50, -50, 150, 600))
    found = street_lighting(streets, lamps, lit_tags=["no", "Yes ", "yes", None]).frame
    assert found["lighting"].tolist() == ["lit", "unlit", "lit", "unknown"]
    assert found["source"].tolist()[:3] == ["inventory", "inventory", "map"]
    assert found["source"].isna().tolist() == [False, False, False, True]
    assert found["conflict"].tolist() == [True, True, False, False]
    assert found["unlit_share"].isna().tolist() == [False, False, False, True]
    without = street_lighting(streets, lit_tags=["no", "yes", "limited", None])
    assert without.frame["lighting"].tolist() == ["unlit", "lit", "unknown", "unknown"]
    assert without.frame["nearest_working_lamp_m"].isna().all()
    assert not without.summary.warnings
    assert [n.code for n in street_lighting(streets).summary.warnings] == ["lighting_unknown"]


def test_lamps_that_are_out_or_doubtful():
    streets = lines([(0, 0), (30, 0)], [(200, 0), (230, 0)], [(400, 0), (430, 0)])
    lamps = lamps_at(
        (15, 0), (215, 0), (415, 0), working=[True, False, False], state_unknown=np.array([False, False, True])
    )
    found = street_lighting(streets, lamps)
    assert found.frame["lighting"].tolist() == ["lit", "unlit", "unknown"]
    assert found.frame["nearest_working_lamp_m"].tolist() == [0, 185, 385]
    assert found.at([15, 215, 415, 15], [5, 5, 5, 100]).tolist() == [LIT, UNLIT, UNKNOWN, UNKNOWN]
    dark = street_lighting(streets, lamps_at((15, 0), working=[False]))
    assert set(dark.frame["lighting"]) == {"unlit"}


def test_conflicts_are_told():
    found = street_lighting(lines([(0, 0), (30, 0)]), lamps_at((15, 0)), lit_tags=["no"])
    assert [notice.code for notice in found.summary.warnings] == ["map_contradicts_inventory"]


@pytest.mark.parametrize(
    ("attempt", "error"),
    [
        (lambda: street_lighting(gpd.GeoSeries([], crs=CRS)), EmptyInputError),
        (lambda: street_lighting(gpd.GeoSeries([shapely.Point(0, 0)], crs=CRS)), GeometryError),
        (lambda: street_lighting(lines([(0, 0), (9, 0)]).set_crs("EPSG:4326", allow_override=True)), CoordinateError),
        (lambda: street_lighting(lines([(0, 0), (9, 0)]), lamps_at((np.nan, 0))), CoordinateError),
        (lambda: street_lighting(lines([(0, 0), (9, 0)]), lit_tags=["yes", "no"]), ParameterError),
        (lambda: street_lighting(lines([(0, 0), (9, 0)]), step_m=0), ParameterError),
    ],
)
def test_impossible_streets_are_refused(attempt, error):
    with pytest.raises(error):
        attempt()


def test_outages_switch_lamps_off_while_they_last():
    log = (["b", "c", "c", "zz"], ["2024-01-05", "2024-01-01", "2024-03-01", "2024-01-01"])
    ends = ["2024-02-01", "2024-01-03", None, None]

    def states(at):
        return working_lamps(["a", "b", "c"], *log, ends, at=at, zone="Europe/Riga").tolist()

    assert states("2024-01-02") == [True, True, False]
    assert states("2024-01-20") == [True, False, True]
    assert states("2024-02-01") == [True, True, True]
    assert states("2024-06-01") == [True, True, False]
    assert working_lamps(["a"], [], [], [], at="2024-01-01", zone="Europe/Riga").tolist() == [True]
    with pytest.raises(ParameterError, match="occurs twice"):
        working_lamps(["a", "a"], [], [], [], at="2024-01-01", zone="Europe/Riga")
    for begin, end in [(["2024-01-02"], ["2024-01-01"]), ([None], [None]), (["2024-01-02"] * 2, [None] * 2)]:
        with pytest.raises(ParameterError):
            working_lamps(["a"], ["a"], begin, end, at="2024-01-01", zone="Europe/Riga")


def test_odds_by_hand():
    night = [1.0] * 40 + [0.0] * 20 + [1.0] * 30 + [0.0] * 60 + [1.0] * 7
    codes = [UNLIT] * 60 + [LIT] * 90 + [UNKNOWN] * 7
    found = darkness_odds(night, codes, metres=(1000, 5000))
    error = np.sqrt(1 / 40 + 1 / 20 + 1 / 30 + 1 / 60)
    assert found.odds.estimate == pytest.approx(4.0)
    assert found.odds.low == pytest.approx(4 * np.exp(-norm.ppf(0.975) * error))
    assert found.night_per_km == (40, 6)
    assert found.summary.excluded == {"lighting_unknown": 7}
    assert "4.00 times as high" in found.summary.reading
    even = darkness_odds([1, 0] * 40, [UNLIT, UNLIT, LIT, LIT] * 20)
    assert even.odds.estimate == 1
    assert even.summary.reading.startswith("No difference can be claimed")
    zero = darkness_odds([1] * 10 + [1, 0] * 5, [UNLIT] * 10 + [LIT] * 10)
    assert np.isfinite(zero.odds.high)
    assert [notice.code for notice in zero.summary.warnings] == ["few_events"]


@pytest.mark.parametrize(
    ("night", "codes", "options", "error"),
    [
        ([1, 0], [0], {}, ParameterError),
        ([1.5] * 20, [0, 1] * 10, {}, ParameterError),
        ([1] * 20, [0, 7] * 10, {}, ParameterError),
        ([1] * 20, [0, 1] * 10, {"confidence": 1}, ParameterError),
        ([1] * 20, [0] * 20, {}, TooFewEventsError),
    ],
)
def test_impossible_odds_are_refused(night, codes, options, error):
    with pytest.raises(error):
        darkness_odds(night, codes, **options)


def test_when_light_makes_no_difference_at_most_one_in_twenty_is_claimed():
    random = np.random.default_rng(8)
    codes = np.repeat([UNLIT, LIT], [80, 200])
    claims = sum(darkness_odds((random.random(280) < 0.4).astype(float), codes).odds.differs for _ in range(1000))
    assert claims <= 65


@pytest.mark.real_data
def test_streets_of_cambridge_are_mostly_lit(shared_data):
    folder = shared_data / "cambridge_ma"
    streets = gpd.read_file(folder / "street_centerlines.geojson").to_crs("EPSG:32619")
    lights = gpd.read_file(folder / "street_lights.geojson").to_crs("EPSG:32619")
    lamps = Lamps(lights.geometry.x.to_numpy(), lights.geometry.y.to_numpy(), np.ones(len(lights), bool))
    found = street_lighting(streets.geometry, lamps)
    assert len(found.frame) == len(streets)
    shares = found.frame[["lit_m", "unlit_m", "unknown_m"]].sum() / found.frame["length_m"].sum()
    assert shares["unknown_m"] == 0
    assert 0.5 < shares["lit_m"] < 0.95
    assert found.frame["nearest_working_lamp_m"].median() < 20
