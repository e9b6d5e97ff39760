"""How long data is kept, and erasure before that."""
