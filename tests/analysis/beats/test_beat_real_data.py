"""Real towns: Chicago's block groups, Cambridge's blocks, Memphis' block points."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from analysis.beats.problem import beat_problem
from analysis.beats.solver import solve_beats

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def chicago(shared_data):
    units = gpd.read_parquet(shared_data / "chicago" / "census_block_groups_2010.parquet")
    return units.to_crs(26916)


def check(plan, residents):
    assert plan.frame.contiguous.all()
    assert plan.frame.residents.sum() == residents
    reasoned = {reason.beat_id for reason in plan.reasons}
    assert set(plan.frame.beat_id[~plan.frame.within_bounds]) <= reasoned
    assert plan.frame.is_valid.all()


def test_chicago_block_groups(chicago):
    problem = beat_problem(chicago, residents="population_2010", unit_id="GEOID10")
    plan = solve_beats(problem)
    check(plan, 2_695_598)
    over = chicago.GEOID10[chicago.population_2010 > 7000].tolist()
    assert len(over) == 1
    assert [reason.code for reason in plan.reasons] == ["unit_over_max", "units_too_coarse"]
    assert plan.reasons[0].unit_ids[0] == over[0]
    assert (~plan.frame.within_bounds).sum() == 1
    assert plan.report.workload_cv < 0.2
    assert plan.report.polsby_popper_mean > 0.6


def test_chicago_redraw_keeps_most_officers(chicago):
    units = chicago.assign(
        now=solve_beats(beat_problem(chicago, residents="population_2010"), seed=3).assignments.beat_id
    )
    grown = units.population_2010 * np.where(units.index % 4 == 0, 1.5, 1.0)
    units["residents"] = grown.round().astype(int)
    plan = solve_beats(beat_problem(units, residents="residents", current="now"))
    check(plan, units.residents.sum())
    assert plan.report.kept_share >= 0.9
    assert {reason.code for reason in plan.reasons} == {"unit_over_max", "units_too_coarse"}


def test_cambridge_blocks(shared_data):
    units = gpd.read_file(shared_data / "cambridge_ma" / "census_blocks_1990_population.geojson").to_crs(26986)
    plan = solve_beats(beat_problem(units, residents="POP100"))
    check(plan, 95_802)
    assert plan.frame.within_bounds.all()
    assert plan.report.polsby_popper_mean > 0.55


def test_memphis_point_units(shared_data):
    table = pd.read_csv(shared_data / "memphis" / "census_block_centroids_2020_population.csv.gz")
    points = gpd.points_from_xy(table.longitude, table.latitude, crs=4326)
    units = gpd.GeoDataFrame(table, geometry=points).to_crs(26916)
    plan = solve_beats(beat_problem(units, residents="population", unit_id="geoid"))
    check(plan, 634_612)
    assert plan.frame.within_bounds.all()
    assert plan.summary.warnings[0].code == "point_units"
