"""Files of the service on a disk that may be full or refuse them."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import FullStorageError, StorageError

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
    FullStorageError
        If the disk is full, or what the service may use of it.
    StorageError
        If a file cannot be written or read for another reason.
    """
    try:
        yield
    except OSError as error:
        LOGGER.exception("%s could not be written.", what)
        if is_full(error):
            raise FullStorageError(
                f"{what} could not be written: the disk of the service is full.",
                "Try again later; its operator has to make room.",
            ) from error
        raise StorageError(
            f"{what} could not be written: the disk of the service does not take it.",
            "Tell its operator, who finds the cause in the log.",
        ) from error
