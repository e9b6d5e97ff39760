"""Reports of other systems, of which danger zones are made."""
