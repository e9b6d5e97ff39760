"""The queue of analysis runs and its worker."""
