"""Spatial crime analysis as pure functions: arrays and GeoDataFrames in, frozen dataclasses out."""
