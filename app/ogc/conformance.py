"""The requirements classes that the API meets, each of which a test restates (tests/app/ogc)."""

from __future__ import annotations

FEATURES = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"
FEATURES_CRS = "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf"

CONFORMS_TO = (
    f"{FEATURES}/core",
    f"{FEATURES}/oas30",
    f"{FEATURES}/html",
    f"{FEATURES}/geojson",
    f"{FEATURES_CRS}/crs",
)
