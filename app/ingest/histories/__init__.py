"""The lives of imported rows: statuses with their sentences, earlier steps, what was merged with what."""
