"""Figures for Prometheus: requests, connections, the queue."""
