"""Writing by GDAL in a process of its own: GDAL holds up every thread of the one that it works in.

As a program this module reads Arrow batches from its standard input, and as its argument what to make of them.
"""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa
import pyogrio

ROOM_OF_A_BYTE = 4
"""Bytes that a file in the making and its temporary files take for each byte of Arrow, at most."""


def write_in_process(schema: pa.Schema, batches: Iterable[pa.RecordBatch], path: Path, **told: Any) -> None:
    """Write batches to a file that GDAL knows.

    Parameters
    ----------
    schema : pyarrow.Schema
    batches : iterable of pyarrow.RecordBatch
    path : Path
        In a directory in which nothing else is.
    **told
        What `pyogrio.write_arrow` takes, JSON-ready.

    Raises
    ------
    OSError
        If the file cannot be written, as on a disk without room.
    """
    complaints = path.with_suffix(".log")
    command = [sys.executable, "-P", __file__, json.dumps({"path": str(path), **told})]
    with complaints.open("wb") as log, subprocess.Popen(command, stdin=subprocess.PIPE, stderr=log) as process:  # noqa: S603
        try:
            sent = _feed(cast("IO[bytes]", process.stdin), schema, batches)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        last = complaints.read_text(errors="replace").strip().rpartition("\n")[2]
        raise refusal(path, last, sent)


def refusal(path: Path, words: str, size: int = 0) -> OSError:
    """Return the error of a file that GDAL could not write, with the number that GDAL does not tell.

    Parameters
    ----------
    path : Path
    words : str
        What GDAL says.
    size : int
        Bytes of Arrow that were to be written; a disk without room for them is full.
    """
    full = "disk is full" in words or shutil.disk_usage(path.parent).free < ROOM_OF_A_BYTE * size
    return OSError(errno.ENOSPC if full else errno.EIO, f"GDAL could not write {path.name}: {words[:300]}")


def _feed(to: IO[bytes], schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Send batches and return their bytes; a process that ended early says itself why."""
    sent = 0
    with suppress(BrokenPipeError):
        with pa.ipc.new_stream(to, schema) as stream:
            for batch in batches:
                sent += batch.nbytes
                stream.write_batch(batch)
        to.flush()
    with suppress(BrokenPipeError):
        to.close()
    return sent


def main() -> None:
    """Write what comes by the standard input."""
    told = json.loads(sys.argv[1])
    with pa.ipc.open_stream(sys.stdin.buffer) as batches:
        pyogrio.write_arrow(batches, **told)


if __name__ == "__main__":
    main()
