"""What residents read, in their language."""
