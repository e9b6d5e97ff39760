"""How the database plans questions about features; what is asked for holds for the rest of the transaction."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

_PLAN_ANEW = text("select set_config('plan_cache_mode', 'force_custom_plan', true)")
_IN_ONE_PROCESS = text("select set_config('max_parallel_workers_per_gather', '0', true)")


def plan_anew(session: Session) -> None:
    """Let each statement be planned for what it asks for.

    A plan that is kept for whatever place, time and number of features is bad for most of them, and works out for each
    feature anew what is the same for all, such as the outline of a tile.
    """
    session.execute(_PLAN_ANEW)


def work_in_one_process(session: Session) -> None:
    """Let each statement do without further processes.

    To begin them takes longer than what they take over from a tile, while other readers wait for other tiles. A count
    of millions gains by them.
    """
    session.execute(_IN_ONE_PROCESS)
