"""What holds for every plan, whatever the input: checked on random grids and random Voronoi maps."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.beats import reasons
from analysis.beats.graph import components
from analysis.beats.problem import beat_problem
from analysis.beats.solver import solve_beats
from analysis.beats.voronoi import voronoi_cells

BEAT_CODES = {
    reasons.UNIT_OVER_MAX,
    reasons.COMPONENT_BELOW_MIN,
    reasons.NO_INTEGER_BEAT_COUNT,
    reasons.ZONE_INFEASIBLE,
    reasons.NOT_FOUND,
    reasons.UNITS_TOO_COARSE,
}
relaxed = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def world(seed: int, n: int, *, islands: bool, zones: int, voronoi: bool) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    if voronoi:
        shapes = voronoi_cells(shapely.points(rng.uniform(0, 3000, (n, 2)))).polygons
    else:
        side = int(np.ceil(np.sqrt(n)))
        shapes = np.array(
            [
                shapely.box(100 * (i % side), 100 * (i // side), 100 * (i % side) + 100, 100 * (i // side) + 100)
                for i in range(n)
            ]
        )
    keep = rng.uniform(size=n) > (0.25 if islands else 0.0)
    keep[0] = True
    shapes = shapes[keep]
    residents = np.round(rng.gamma(0.8, rng.choice([150.0, 700.0]), len(shapes))) * (
        rng.uniform(size=len(shapes)) > 0.15
    )
    residents[rng.uniform(size=len(shapes)) > 0.985] += 8000
    middle = shapely.get_coordinates(shapely.centroid(shapes))[:, 0]
    zone = np.minimum((middle - middle.min()) * zones / (np.ptp(middle) + 1e-9), zones - 1).astype(int)
    return gpd.GeoDataFrame(
        {
            "people": residents.astype(int),
            "work": rng.gamma(0.7, 3.0, len(shapes)),
            "side": zone,
            "today": np.where(rng.uniform(size=len(shapes)) < 0.9, (middle // 400).astype(int), None),
        },
        geometry=shapes,
        crs="EPSG:32634",
    )


@relaxed
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 160),
    islands=st.booleans(),
    zones=st.integers(1, 3),
    voronoi=st.booleans(),
    continued=st.booleans(),
)
def test_every_plan_keeps_its_promises(seed, n, islands, zones, voronoi, continued):
    units = world(seed, n, islands=islands, zones=zones, voronoi=voronoi)
    problem = beat_problem(
        units, residents="people", workload="work", hard_boundary="side", current="today" if continued else None
    )
    plan = solve_beats(problem, seed=seed)
    beat, frame = plan.beat_of_unit, plan.frame

    # Every unit is in exactly one beat, every beat has units, and nobody is lost.
    assert beat.shape == (len(units),)
    assert beat.dtype == np.int64
    assert set(beat.tolist()) == set(range(len(frame)))
    assert frame.beat_id.is_unique
    assert frame.residents.sum() == units.people.sum()
    assert frame.units.sum() == len(units)
    np.testing.assert_allclose(frame.workload.sum(), problem.workload.sum())
    np.testing.assert_allclose(frame.area.sum(), problem.area_m2.sum())

    # No beat crosses a hard line, and units of a beat connect along borders.
    assert all(units.side.to_numpy()[beat == own].std() == 0 for own in range(len(frame)))
    edges = problem.contiguity.edges
    count, _ = components(edges.select(beat[edges.first] == beat[edges.second]), len(units))
    assert count == len(frame)
    assert frame.contiguous.all()

    # A beat is within the bounds, or there is a typed reason that names it and its units.
    inside = frame.residents.between(3000, 7000)
    assert (inside == frame.within_bounds).all()
    by_beat = {reason.beat_id: reason for reason in plan.reasons if reason.beat_id is not None}
    assert set(by_beat) == set(frame.beat_id[~inside])
    for name, reason in by_beat.items():
        assert reason.code in BEAT_CODES
        assert reason.message
        assert reason.hint
        assert set(plan.assignments.unit_id[plan.assignments.beat_id == name]) & set(reason.unit_ids)
    assert frame.reason.notna().equals(~frame.within_bounds)
    assert plan.report.workload_gap >= 0
    assert plan.report.workload_bound >= problem.workload.max() - 1e-9
    assert frame.is_valid.all()
    assert set(frame.geom_type) <= {"Polygon", "MultiPolygon"}


@relaxed
@given(seed=st.integers(0, 10**6), n=st.integers(30, 120), voronoi=st.booleans())
def test_small_units_are_always_divided_within_the_bounds(seed, n, voronoi):
    units = world(seed, n, islands=False, zones=1, voronoi=voronoi)
    rng = np.random.default_rng(seed)
    units["people"] = rng.integers(80, 320, len(units))
    plan = solve_beats(beat_problem(units, residents="people", workload="work"), seed=seed)
    if units.people.sum() >= 3000:
        assert plan.frame.within_bounds.all()
        assert plan.reasons == ()
