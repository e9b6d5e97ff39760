"""Structured logs: one JSON object per line, without personal data."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TextIO

from pydantic import ValidationError

LOG = logging.getLogger("kvart")
"""Logger of the service; ``extra={"fields": {...}}`` adds members to the line."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_CONTEXT: ContextVar[Mapping[str, Any]] = ContextVar("kvart_log_context", default=_NOTHING)


@contextmanager
def log_context(**fields: Any) -> Iterator[None]:
    """Add members, such as the identifier of a request or a run, to every line that is written meanwhile."""
    token = _CONTEXT.set({**_CONTEXT.get(), **fields})
    try:
        yield
    finally:
        _CONTEXT.reset(token)


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_CONTEXT.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["error"] = "".join(_told(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False, default=str)


def _told(error: BaseException | None) -> Iterator[str]:
    """Give a traceback as Python prints it, causes first, but no message with the values of a row or a request."""
    if error is None:
        return
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _told(cause)
        yield "\nwhich led to\n\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}: {_message(error)}\n"


def _message(error: BaseException) -> str:
    report = getattr(getattr(error, "orig", error), "diag", None)
    if report is not None:  # of PostgreSQL, whose details quote rows
        return f"{report.sqlstate} {report.message_primary} {getattr(error, 'statement', '')}".strip()
    if isinstance(error, ValidationError):
        return f"{error.error_count()} errors in {error.title}"
    return str(error)


def configure_logs(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Write the logs of the service and of the web server to ``stream``, by default the standard error."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    for name in ("kvart", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler] if name != "uvicorn.error" else []
        logger.propagate = name == "uvicorn.error"
        logger.setLevel(level if name == "kvart" else logging.WARNING)
