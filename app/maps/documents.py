"""The map documents, and what a service needs to serve them."""

from app.maps.assets import content_security_policy, static_directories
from app.maps.beats import ResidentBand, beat_map
from app.maps.change import change_map
from app.maps.clusters import cluster_map
from app.maps.comparisons import comparison_map
from app.maps.context import Assets, MapContext
from app.maps.density import DensityClasses, density_classes, density_map
from app.maps.developments import emerging_map, history_map, stability_map
from app.maps.hot_spots import hot_spot_map
from app.maps.lighting import lighting_map
from app.maps.near_repeats import risk_map
from app.maps.top_places import top_places_map

__all__ = [
    "Assets",
    "DensityClasses",
    "MapContext",
    "ResidentBand",
    "beat_map",
    "change_map",
    "cluster_map",
    "comparison_map",
    "content_security_policy",
    "density_classes",
    "density_map",
    "emerging_map",
    "history_map",
    "hot_spot_map",
    "lighting_map",
    "risk_map",
    "stability_map",
    "static_directories",
    "top_places_map",
]
