"""The environment of the processes that Kvart starts."""

from __future__ import annotations

import os
from pathlib import Path

from app.settings import DatabaseSettings

RETURNING_MEMORY = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2"}
"""What a process is told so that the memory that one run let go of serves the next, or goes back to the system."""

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


def child_environment(settings: DatabaseSettings) -> dict[str, str]:
    """Return the environment of a process that works with the same database, wherever this one found it."""
    environment = RETURNING_MEMORY | os.environ
    for name, value in settings.model_dump().items():
        key = f"KVART_{name.upper()}"
        environment.pop(key, None)
        if value is not None:
            environment[key] = str(value.resolve() if isinstance(value, Path) else value)
    paths = [str(_PACKAGE_ROOT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return environment
