"""Clusters of events, with their hulls and ellipses."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd

from analysis.clusters.density_clusters import dbscan_clusters, hdbscan_clusters
from analysis.clusters.nearest_neighbour_clusters import NearestNeighbourClusters, nearest_neighbour_clusters
from analysis.clusters.nearest_neighbour_hierarchy import ClusteringRule
from app.analyses.computing.cells import require_study_area
from app.analyses.inputs import AnalysisInput, AnalysisResult, Layer
from app.analyses.parameters.places import ClustersParameters


def compute(found: AnalysisInput, parameters: ClustersParameters, seed: int) -> AnalysisResult:
    """Return the layers ``clusters`` (hulls) and ``ellipses``, and the table ``clusters`` without places."""
    figures: dict[str, Any] = {}
    if parameters.method == "nearest-neighbour":
        result: Any = _hierarchy(found, parameters, seed)
        figures = {
            "thresholds_m": list(result.thresholds_m),
            "chance": None if result.chance is None else dataclasses.asdict(result.chance),
        }
    elif parameters.method == "hdbscan":
        result = hdbscan_clusters(
            found.x,
            found.y,
            crs=found.crs,
            min_events=parameters.min_events,
            merge_distance_m=parameters.merge_distance_m or 0.0,
        )
    else:
        result = dbscan_clusters(
            found.x,
            found.y,
            crs=found.crs,
            max_distance_m=parameters.max_distance_m or 0.0,
            min_events=parameters.min_events,
        )
    layers = (
        Layer("clusters", result.clusters, exact_places=True),
        Layer("ellipses", result.ellipses, exact_places=True),
    )
    table = pd.DataFrame(result.clusters.drop(columns=["geometry", "centre_x", "centre_y"]))
    return AnalysisResult(found.of_result(result.summary), layers, {"clusters": table}, figures)


def _hierarchy(found: AnalysisInput, parameters: ClustersParameters, seed: int) -> NearestNeighbourClusters:
    given = {
        name: value
        for name in ("probability", "threshold_m", "min_clusters")
        if (value := getattr(parameters, name)) is not None
    }
    return nearest_neighbour_clusters(
        found.x,
        found.y,
        require_study_area(found),
        crs=found.crs,
        rule=ClusteringRule(min_events=parameters.min_events, **given),
        simulations=99 if parameters.simulations is None else parameters.simulations,
        seed=seed,
    )
