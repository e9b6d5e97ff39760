"""How the database plans questions about features."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

_PLAN_ANEW = text(
    "select set_config('plan_cache_mode', 'force_custom_plan', true), "
    "set_config('max_parallel_workers_per_gather', '0', true)"
)


def plan_anew(session: Session) -> None:
    """Let the rest of the transaction plan each statement for what it asks for, and work in one process.

    A plan that is kept for whatever place, time and number of features is bad for most of them, and works out for each
    feature anew what is the same for all, such as the outline of a tile. To begin further processes takes longer than
    what they take over, while other readers wait for other pages.
    """
    session.execute(_PLAN_ANEW)
