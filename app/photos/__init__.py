"""Photos from strangers: made anew before they are kept, and shown by right."""
