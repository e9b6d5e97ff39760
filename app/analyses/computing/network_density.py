"""Density along streets."""

from __future__ import annotations

from analysis.networks.network_density import network_density
from analysis.networks.street_network import street_network
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.density import NetworkDensityParameters

RADIUS_M, SIGMA_M = 300.0, 100.0


def compute(found: AnalysisInput, parameters: NetworkDensityParameters, _seed: int) -> AnalysisResult:
    """Return the layer ``network-density`` of lixels."""
    gaussian = parameters.kernel == "gaussian"
    result = network_density(
        found.x,
        found.y,
        street_network(found.known_streets()),
        radius_m=None if gaussian else parameters.radius_m or RADIUS_M,
        sigma_m=(parameters.sigma_m or SIGMA_M) if gaussian else None,
        kernel=parameters.kernel,
        equal_split=parameters.equal_split,
        lixel_m=parameters.lixel_m,
        tolerance_m=parameters.tolerance_m,
        weights=found.weights,
        years=found.years() if parameters.per_year else None,
    )
    return AnalysisResult(found.of_result(result.summary), (Layer("network-density", result.to_frame()),))
