"""Daylight, street lights, and what happens where it is dark."""
