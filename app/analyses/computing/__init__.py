"""One module for each kind of analysis: from events and parameters to layers, tables and their summary."""
