"""Imports over HTTP: files sent in, and what became of them."""
