"""What anybody may see: snap points of a municipality, danger zones at them, published counts of incidents."""
