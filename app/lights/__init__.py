"""Street lights and their outages."""
