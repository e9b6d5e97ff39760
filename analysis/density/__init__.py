"""Kernel density: kernels, bandwidths, fast and exact sums, edge correction, contours."""
