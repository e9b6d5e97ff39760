"""Events (incidents or reports) as an analysis reads them: plain coordinates in metres."""
