"""Who calls: accounts, keys, sessions, tokens, and what each role may do."""
