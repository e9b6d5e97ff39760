"""Areal units: the smallest areas with a count of residents."""
