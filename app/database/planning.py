"""How the database plans questions about features; what is asked for holds for the rest of the transaction."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

_ANEW = "set_config('plan_cache_mode', 'force_custom_plan', true)"
_ALONE = "set_config('max_parallel_workers_per_gather', '0', true)"
_PLAN_ANEW = text(f"select {_ANEW}")
_PLAN_ANEW_ALONE = text(f"select {_ANEW}, {_ALONE}")


def plan_anew(session: Session, *, in_one_process: bool = False) -> None:
    """Let each statement be planned for what it asks for.

    A plan that is kept for whatever place, time and number of features is bad for most of them, and works out for each
    feature anew what is the same for all, such as the outline of a tile.

    Parameters
    ----------
    session : Session
    in_one_process : bool
        Whether to do without further processes. To begin them takes longer than what they take over from a tile, while
        other readers wait for other tiles; a count of millions gains by them.
    """
    session.execute(_PLAN_ANEW_ALONE if in_one_process else _PLAN_ANEW)
