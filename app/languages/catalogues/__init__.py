"""One module of phrases for each language; English is the one that the others are compared with."""
