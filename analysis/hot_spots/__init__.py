"""Hot spots: Getis-Ord Gi and Gi*, local Moran, neighbours, exact p-values and their correction."""
