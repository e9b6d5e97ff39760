"""The environment of the processes that Kvart starts."""

from __future__ import annotations

import os
from pathlib import Path

from app.settings import DatabaseSettings

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


def child_environment(settings: DatabaseSettings) -> dict[str, str]:
    """Return the environment of a process that works with the same database, wherever this one found it."""
    environment = dict(os.environ)
    for name, value in settings.model_dump().items():
        key = f"KVART_{name.upper()}"
        environment.pop(key, None)
        if value is not None:
            environment[key] = str(value.resolve() if isinstance(value, Path) else value)
    paths = [str(_PACKAGE_ROOT), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return environment
