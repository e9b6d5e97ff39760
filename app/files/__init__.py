"""Geographic files: every format that Kvart reads and writes."""
