"""The published head of the chain, outside the database: without it nobody could see that the tail was cut off."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from app.audit.chain import Link, canonical_time

LOGGER = logging.getLogger("kvart.audit")


@dataclass(frozen=True)
class PublishedHead:
    """A head as it was published: number and digest of the newest batch then."""

    batch: int
    digest: str
    last_event: int
    sealed_at: str


def publish_head(link: Link, heads: Path) -> None:
    """Append the head to the file and write it to the log; a head that the file ends with is not written again.

    The log line is written even where the file cannot be.
    """
    head = PublishedHead(link.id, link.digest, link.last_event, canonical_time(link.sealed_at))
    try:
        if not _append(head, heads):
            return
    except OSError as error:
        LOGGER.error("The head of the audit log cannot be written to %s: %s.", heads, error.strerror)  # noqa: TRY400
    LOGGER.info("audit head", extra={"fields": asdict(head)})


def read_heads(heads: Path) -> Iterator[tuple[int, PublishedHead | None]]:
    """Give the published heads with their lines in the file; None for a line that cannot be read.

    Raises
    ------
    OSError
        If there is no such file or it cannot be read.
    """
    with heads.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            yield number, _parse(line)


def _append(head: PublishedHead, heads: Path) -> bool:
    """Append a line, under a lock, and wait until it is on disk; False where it is the last one already."""
    heads.parent.mkdir(parents=True, exist_ok=True)
    with heads.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1024))
        tail = file.read()
        last = _parse(tail.splitlines()[-1].decode("utf-8", "replace")) if tail else None
        if last == head:
            return False
        start = b"" if not tail or tail.endswith(b"\n") else b"\n"
        file.write(start + json.dumps(asdict(head)).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return True


def _parse(line: str) -> PublishedHead | None:
    try:
        told = json.loads(line)
        return PublishedHead(int(told["batch"]), str(told["digest"]), int(told["last_event"]), str(told["sealed_at"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
