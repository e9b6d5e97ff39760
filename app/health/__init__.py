"""Health of the process and readiness of the service."""
