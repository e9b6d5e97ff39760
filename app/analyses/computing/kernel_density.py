"""Kernel density, adaptive density, density against residents or other events, contours."""

from __future__ import annotations

from typing import Any, cast

import geopandas as gpd
import pandas as pd

from analysis.density.adaptive_density import adaptive_density
from analysis.density.bandwidth import Bandwidth
from analysis.density.bandwidth_rules import Rule, choose_bandwidth
from analysis.density.contours import density_contours
from analysis.density.density_results import KernelDensity
from analysis.density.dual_density import DualDensity, Measure, compare_densities, density_per_1000_residents
from analysis.density.kernel_density import kernel_density
from analysis.errors import ParameterError
from analysis.grids.square import SquareGrid
from app.analyses.computing.cells import square_cells
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.density import KernelDensityParameters


def compute(found: AnalysisInput, parameters: KernelDensityParameters, _seed: int) -> AnalysisResult:
    """Return the layer ``density`` or, against something, ``dual-density``; ``contours`` where they are asked for."""
    grid, rule = square_cells(found, parameters)
    bandwidth = _chosen(found, parameters, grid)
    density = _density(found, parameters, grid, bandwidth)
    tables = {} if bandwidth is None else {"bandwidth": _trials(bandwidth)}
    how: dict[str, Any] = dict(rule) if bandwidth is None else {**rule, "bandwidth_reason": bandwidth.reason}
    summary, layer = density.summary, Layer("density", density.to_frame())
    if parameters.against is not None:
        dual = _dual(found, parameters, density, bandwidth)
        summary, layer = dual.summary, Layer("dual-density", dual.to_frame())
    layers = (layer, *_contours(density, parameters))
    return AnalysisResult(found.of_result(summary, **how), layers, tables)


def _chosen(found: AnalysisInput, parameters: KernelDensityParameters, grid: SquareGrid) -> Bandwidth | None:
    """Return the bandwidth that the rule chooses, None where one is given."""
    if parameters.radius_m is not None or parameters.sigma_m is not None:
        return None
    rule = cast("Rule", parameters.bandwidth_rule.replace("-", "_"))
    return choose_bandwidth(found.x, found.y, grid.cell_m, rule=rule)


def _density(
    found: AnalysisInput, parameters: KernelDensityParameters, grid: SquareGrid, bandwidth: Bandwidth | None
) -> KernelDensity:
    name = "sigma_m" if parameters.kernel == "gaussian" else "radius_m"
    options: dict[str, Any] = {
        "kernel": parameters.kernel,
        name: getattr(parameters, name) or bandwidth,
        "weights": found.weights,
        "edge_correction": parameters.edge_correction,
        "years": found.years() if parameters.per_year else None,
    }
    return (adaptive_density if parameters.adaptive else kernel_density)(found.x, found.y, grid, **options)


def _dual(
    found: AnalysisInput, parameters: KernelDensityParameters, density: KernelDensity, bandwidth: Bandwidth | None
) -> DualDensity:
    if parameters.against == "residents":
        units = found.known_units().dropna(subset="residents")
        places = units.geometry.centroid
        residents = units["residents"].to_numpy(dtype=float)
        return density_per_1000_residents(
            density, places.x, places.y, residents, floor_per_km2=parameters.floor_per_km2
        )
    if found.base is None:
        raise ParameterError("There are no other events to compare with.", "Give the events of `base`.")
    return compare_densities(
        density,
        _density(found.base, parameters, density.grid, bandwidth),
        measure=cast("Measure", parameters.measure.replace("-", "_")),
        normalised=parameters.normalised,
        floor_per_km2=parameters.floor_per_km2,
    )


def _contours(density: KernelDensity, parameters: KernelDensityParameters) -> tuple[Layer, ...]:
    if not parameters.contour_levels and parameters.contour_bands is None:
        return ()
    bands: gpd.GeoDataFrame = density_contours(
        density, levels=parameters.contour_levels or None, bands=parameters.contour_bands or 6
    )
    return (Layer("contours", bands),)


def _trials(bandwidth: Bandwidth) -> pd.DataFrame:
    """Return every bandwidth that the rule tried, and the one it took."""
    tried = [(trial.radius_m, trial.score, False) for trial in bandwidth.trials]
    rows = [*tried, (bandwidth.radius_m, None, True)]
    return pd.DataFrame(rows, columns=["radius_m", "score", "taken"]).astype({"score": "Float64"})
