"""The requirements classes that the API meets, each of which a test restates (tests/app/ogc)."""

from __future__ import annotations

FEATURES = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"
FEATURES_CRS = "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf"
PROCESSES = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf"
FEATURES_FILTER = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf"
FEATURES_SCHEMAS = "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf"
TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf"
CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf"

CONFORMS_TO = (
    f"{FEATURES}/core",
    f"{FEATURES}/oas30",
    f"{FEATURES}/html",
    f"{FEATURES}/geojson",
    f"{FEATURES_CRS}/crs",
    f"{PROCESSES}/core",
    f"{PROCESSES}/ogc-process-description",
    f"{PROCESSES}/json",
    f"{PROCESSES}/job-list",
    f"{PROCESSES}/dismiss",
    f"{FEATURES_FILTER}/queryables",
    f"{FEATURES_FILTER}/queryables-query-parameters",
    f"{FEATURES_FILTER}/filter",
    f"{FEATURES_FILTER}/features-filter",
    f"{CQL2}/cql2-text",
    f"{CQL2}/cql2-json",
    f"{CQL2}/basic-cql2",
    f"{CQL2}/advanced-comparison-operators",
    f"{CQL2}/case-insensitive-comparison",
    f"{CQL2}/basic-spatial-functions",
    f"{CQL2}/basic-spatial-functions-plus",
    f"{CQL2}/spatial-functions",
    f"{CQL2}/property-property",
    f"{CQL2}/basic-spatial-operators",
    f"{CQL2}/spatial-operators",
    f"{FEATURES_SCHEMAS}/schemas",
    f"{FEATURES_SCHEMAS}/core-roles-features",
    f"{FEATURES_SCHEMAS}/returnables-and-receivables",
    f"{FEATURES_SCHEMAS}/queryables",
    f"{TILES}/core",
    f"{TILES}/tileset",
    f"{TILES}/tilesets-list",
    f"{TILES}/geodata-tilesets",
    f"{TILES}/datetime",
    f"{TILES}/mvt",
)
