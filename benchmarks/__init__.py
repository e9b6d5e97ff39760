"""Benchmarks against named peers: `python -m benchmarks [name ...]` measures and writes RESULTS.md."""
