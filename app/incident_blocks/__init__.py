"""Places, times and categories of a municipality's incidents, packed, so that millions are counted in a moment."""
