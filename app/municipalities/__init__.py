"""Municipality, the tenant of all data."""
