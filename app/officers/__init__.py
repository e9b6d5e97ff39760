"""Officers and their permanent beats."""
