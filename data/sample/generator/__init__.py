"""Generator of Lindenkvart, a synthetic town; see ``data/sample/README.md``."""
