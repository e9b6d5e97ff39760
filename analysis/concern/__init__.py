"""Concern against recorded crime: where people and statistics agree, and where they do not."""
