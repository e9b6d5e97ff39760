"""Street networks: segments as units of analysis, neighbours along streets, density along streets."""
