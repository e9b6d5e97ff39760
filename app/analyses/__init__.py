"""Crime analyses as runs: parameters, computing and results of every kind but beats and imports."""
