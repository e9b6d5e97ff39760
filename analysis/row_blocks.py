"""Share the rows of a grid among threads without letting the number of threads change a result."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def thread_count() -> int:
    """Return how many processors this process may use.

    Returns
    -------
    int
        At least 1.
    """
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1))


def for_row_blocks(
    work: Callable[[int, int], object], n_rows: int, *, block_rows: int, threads: int | None = None
) -> None:
    """Call ``work(first, last)`` for every block of rows ``first <= row < last``.

    Parameters
    ----------
    work : callable
        Writes only to its own rows and lets go of the interpreter lock (compiled with ``nogil``).
    n_rows : int
        Rows in all.
    block_rows : int
        Rows in a block; blocks do not depend on the number of threads, so neither does the result.
    threads : int, optional
        By default every processor.
    """
    blocks = [(first, min(n_rows, first + block_rows)) for first in range(0, n_rows, block_rows)]
    workers = min(thread_count() if threads is None else threads, len(blocks))
    if workers <= 1:
        for first, last in blocks:
            work(first, last)
        return
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(lambda block: work(*block), blocks):
            pass
