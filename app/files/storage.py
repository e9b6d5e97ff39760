"""Files of the service on a disk that may be full."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import StorageError

LOGGER = logging.getLogger("kvart.storage")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(error: OSError) -> bool:
    """Say whether a file could not be written for want of room."""
    return error.errno in _FULL


@contextmanager
def storing(what: str) -> Iterator[None]:
    """Turn the refusal of the system to take a file into an error that says so, and log the system's own words.

    Parameters
    ----------
    what : str
        What is written, as the beginning of a sentence.

    Raises
    ------
    StorageError
        If a file cannot be written within the block.
    """
    try:
        yield
    except OSError as error:
        LOGGER.exception("%s could not be written.", what)
        raise StorageError(
            f"{what} could not be written: the disk of the service is full or takes no files.",
            "Try again later; its operator has to make room.",
        ) from error
