"""A process that does one run after the other as its parent says, and ends when the parent does.

A line on the standard input names a job; a line on the standard output tells what became of it. When the input closes
the process ends at once: the parent is gone, and somebody else will do the run.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import TextIO

from app.database.sessions import open_database
from app.jobs.performing import Performer
from app.jobs.queue import Job
from app.logs import configure_logs
from app.settings import DatabaseSettings


def do_what_the_parent_says() -> None:
    """Do runs until the parent goes."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    configure_logs()
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin, lines), name="kvart-parent-watcher", daemon=True).start()
    settings = DatabaseSettings()
    database = open_database(settings.model_copy(update={"pool_size": 2}))
    performer = Performer(database)
    while True:
        message = json.loads(lines.get())
        if database.application != message["session"]:
            database.application = message["session"]
            database.engine.dispose()
        answers.write(f"{performer.perform(Job(**message['job'])).value}\n")


def _listen(source: TextIO, lines: queue.SimpleQueue[str]) -> None:
    for line in source:
        lines.put(line)
    os._exit(0)


if __name__ == "__main__":
    do_what_the_parent_says()
