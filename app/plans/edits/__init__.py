"""Edits of drafts: an editor in memory for each plan, and what an edit changed as rows."""
