"""Grids over a study area: squares and hexagons, and which cell an event lies in."""
