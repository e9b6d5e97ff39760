"""What each kind of analysis can be asked for, with units and limits."""
