"""Analysis runs: what was computed, how, from what."""
