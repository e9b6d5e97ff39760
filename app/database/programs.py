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


def last_line(text: str) -> str:
    """Return the last line of a program's output that says something: there the reason of a failure stands."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
