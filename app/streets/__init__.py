"""Street segments: the network and the basemap of a closed town."""
