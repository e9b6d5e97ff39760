"""Danger zones and the reports that name them."""
