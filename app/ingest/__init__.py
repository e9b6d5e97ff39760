"""Ingest: files become rows, and nothing is lost on the way."""
