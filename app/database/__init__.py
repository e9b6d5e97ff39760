"""The database: private cluster, sessions, migrations."""
