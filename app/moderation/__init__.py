"""Pages on which staff decides what becomes of danger zones."""
