"""Hot-spot and density layers."""
