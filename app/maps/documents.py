"""The four map documents, and what a service needs to serve them."""

from app.maps.beats import ResidentBand, beat_map
from app.maps.context import Assets, MapContext
from app.maps.density import DensityClasses, density_classes, density_map
from app.maps.hot_spots import hot_spot_map
from app.maps.lighting import lighting_map
from app.maps.offline import content_security_policy, static_directories

__all__ = [
    "Assets",
    "DensityClasses",
    "MapContext",
    "ResidentBand",
    "beat_map",
    "content_security_policy",
    "density_classes",
    "density_map",
    "hot_spot_map",
    "lighting_map",
    "static_directories",
]
