"""Fixes: what the municipality and others did about a place."""
