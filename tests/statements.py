"""A dialect whose engines share what they compile: else each test would compile every statement anew."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.util import LRUCache

MOST_STATEMENTS = 4000

compiled: LRUCache[Any, Any] = LRUCache(MOST_STATEMENTS)


class SharingDialect(PGDialect_psycopg):
    """The dialect of psycopg; all its instances are one to the cache of statements, for all test servers are alike."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SharingDialect)

    def __hash__(self) -> int:
        return hash(SharingDialect)

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Give a new engine the one cache; SQLAlchemy calls this for each."""
        engine.update_execution_options(compiled_cache=compiled)


def share_compiled_statements() -> None:
    """Let all engines that are made from now on use the sharing dialect."""
    registry.register("postgresql.psycopg", __name__, SharingDialect.__name__)
