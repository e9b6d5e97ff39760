"""Did a fix work? Before and after against control areas and a buffer, with guards that refuse false success."""
