"""Dual densities: what is divided, and what is not."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.density.adaptive_density import adaptive_density
from analysis.density.dual_density import compare_densities, density_per_1000_residents
from analysis.density.kernel_density import kernel_density
from analysis.errors import EmptyInputError, ParameterError, UnitsError
from analysis.grids.square import square_grid

UTM = "EPSG:32616"
GRID = square_grid(shapely.box(0, 0, 4000, 3000), 100, crs=UTM)


def layer(seed, n=300, **options):
    x, y = np.random.default_rng(seed).uniform(0, 1, (2, n)) * [[4000], [3000]]
    return kernel_density(x, y, GRID, **{"radius_m": 600.0, **options})


def test_a_proportional_population_gives_the_same_rate_everywhere():
    random = np.random.default_rng(0)
    x, y = random.uniform(0, 3000, (2, 400))
    events = kernel_density(np.repeat(x, 3), np.repeat(y, 3), GRID, radius_m=500.0)
    rate = density_per_1000_residents(events, x, y, np.full(400, 60.0), floor_per_km2=0.0)
    assert rate.value[rate.defined] == pytest.approx(50.0, rel=1e-6)
    assert rate.summary.parameters["base"]["radius_m"] == 500.0
    yearly = kernel_density(np.repeat(x, 3), np.repeat(y, 3), GRID, radius_m=500.0, years=2.0)
    rate = density_per_1000_residents(yearly, x, y, np.full(400, 60.0))
    assert rate.value[rate.defined] == pytest.approx(25.0, rel=1e-6)
    assert "events_per_1000_residents_year" in rate.to_frame().columns


def test_nothing_over_nothing_and_something_over_nothing_are_null_with_a_reason():
    events = kernel_density([1000.0, 1000.0], [1000.0, 2000.0], GRID, radius_m=400.0)
    rate = density_per_1000_residents(events, [1000.0], [1000.0], [500.0], floor_per_km2=100.0)
    frame = rate.to_frame()
    assert {"both_zero", "base_zero", "base_below_floor"} == set(frame["reason"].dropna())
    assert (frame["reason"].isna() == frame["events_per_1000_residents"].notna()).all()
    assert frame["events_per_1000_residents"].dropna().to_numpy(float) == pytest.approx(2.0)
    assert np.isfinite(rate.value).all()
    assert (frame.loc[frame["reason"] == "base_zero", "events_per_km2"] > 0).all()
    assert "No value is given at" in rate.summary.reading
    assert sum(rate.summary.parameters["cells_without_value"].values()) == (~rate.defined).sum()
    assert "bandwidth_below_units" in [notice.code for notice in rate.summary.warnings]
    assert '"events_per_1000_residents": null' in frame.to_json()
    assert "NaN" not in frame.to_json()


def test_one_layer_against_itself_and_its_double():
    events = layer(1)
    assert compare_densities(events, events).value == pytest.approx(0.0, abs=1e-12)
    double = layer(1, weights=np.full(300, 2.0))
    assert compare_densities(double, events, measure="ratio").value == pytest.approx(1.0)
    plain = compare_densities(double, events, measure="ratio", normalised=False)
    assert plain.value == pytest.approx(2.0)
    log = compare_densities(double, events, measure="log_ratio", normalised=False)
    assert log.value == pytest.approx(np.log(2.0))
    difference = compare_densities(double, events, measure="difference", normalised=False)
    assert difference.value == pytest.approx(events.density_per_km2[GRID.inside])
    assert difference.defined.all()
    yearly = compare_densities(layer(1, years=2.0), layer(1, years=4.0), measure="ratio", normalised=False)
    assert yearly.value == pytest.approx(2.0)
    assert yearly.summary.n_used == 300


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.tuples(st.floats(0, 4000), st.floats(0, 3000)), min_size=1, max_size=8),
    st.lists(st.tuples(st.floats(0, 4000), st.floats(0, 3000)), min_size=1, max_size=8),
    st.sampled_from(["ratio", "log_ratio", "difference"]),
    st.booleans(),
    st.sampled_from([None, 0.0, 0.5]),
    st.sampled_from([("gaussian", "sigma_m", 90.0), ("quartic", "radius_m", 700.0), ("uniform", "radius_m", 300.0)]),
)
def test_values_are_finite_or_null_with_a_reason(events, base, measure, normalised, floor, smoothing):
    kernel, name, width = smoothing
    one, other = (
        kernel_density(*np.array([*points, (2000.0, 1450.0)]).T, GRID, kernel=kernel, **{name: width})
        for points in (events, base)
    )
    found = compare_densities(one, other, measure=measure, normalised=normalised, floor_per_km2=floor)
    frame = found.to_frame()
    assert np.isfinite(found.value).all()
    assert (frame["reason"].isna() == frame[measure].notna()).all()
    if measure == "difference":
        assert found.defined.all()
    else:
        least = max(found.summary.parameters["floor_per_km2"], 1e-300)
        assert (frame.loc[found.defined, "base_per_km2"] >= least * (1 - 1e-9)).all()
        thick = frame["base_per_km2"] >= max(least * (1 + 1e-9), 1e-6)
        assert (found.defined[thick] | (frame.loc[thick, "reason"] == "events_zero")).all()


def test_different_smoothing_is_warned_of():
    codes = [notice.code for notice in compare_densities(layer(1), layer(2, radius_m=500.0)).summary.warnings]
    assert codes == ["different_smoothing"]
    assert compare_densities(layer(1), layer(2)).summary.warnings == ()


def test_unusable_input_is_refused():
    events = layer(1)
    other = kernel_density([500.0], [500.0], square_grid(shapely.box(0, 0, 4000, 3000), 200, crs=UTM), radius_m=600.0)
    with pytest.raises(ParameterError, match="different grids"):
        compare_densities(events, other)
    with pytest.raises(ParameterError, match="Only one"):
        compare_densities(events, layer(1, years=1.0))
    with pytest.raises(ParameterError, match="Unknown measure"):
        compare_densities(events, events, measure="quotient")
    for floor in (-1.0, np.nan, np.inf):
        with pytest.raises(ParameterError, match="floor_per_km2"):
            compare_densities(events, events, floor_per_km2=floor)
    nothing = layer(1, weights=np.zeros(300))
    with pytest.raises(EmptyInputError, match="base is zero"):
        compare_densities(events, nothing)
    with pytest.raises(EmptyInputError, match="density is zero"):
        compare_densities(nothing, events)
    for residents in ([0.0], [-1.0], [np.nan]):
        with pytest.raises(UnitsError, match="residents"):
            density_per_1000_residents(events, [500.0], [500.0], residents)
    adaptive = adaptive_density([500.0, 600.0], [500.0, 600.0], GRID, radius_m=300.0)
    with pytest.raises(ParameterError, match="no single bandwidth"):
        density_per_1000_residents(adaptive, [500.0], [500.0], [5.0])
