"""Recorded incidents and their categories."""
