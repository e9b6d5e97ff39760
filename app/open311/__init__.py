"""Open311 GeoReport v2: the public layer of danger zones and the taking of reports, for clients of that standard."""
