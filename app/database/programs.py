"""Running PostgreSQL's programs."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any


def run_program(command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, without a shell, and return its exit code and output as text."""
    streams = {} if "stdout" in options else {"capture_output": True}
    arguments = {"text": True, "stdin": subprocess.DEVNULL} | streams | options
    return subprocess.run(command, check=False, **arguments)  # noqa: S603 - every command is a list made here, never a shell line
