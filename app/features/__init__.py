"""GeoJSON features in and out: what all layers of the service share."""
