"""Back-tests: how well a ranking of places foretold what came next."""
