"""Beat plans, beats and their areal units."""
