"""Clusters of events and their shapes."""
