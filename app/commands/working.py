"""``kvart worker``: does the analysis runs that wait in the database."""

from __future__ import annotations

from typing import Annotated

import typer


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command(name="worker")(run_worker)


def run_worker(
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, max=64, help="Runs to do at a time, each in a process of its own.")
    ] = 1,
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Do the runs that wait now, then end.")] = False,
    exit_with_parent: Annotated[bool, typer.Option("--exit-with-parent", hidden=True)] = False,
) -> None:
    """Do the analysis runs that wait in the database, until stopped.

    Start it on any machine that reaches the database; `kvart serve` starts one itself.
    """
    import signal

    from app.audit.sealing import Sealer
    from app.database.sessions import open_database
    from app.jobs import process
    from app.jobs.environment import child_environment
    from app.jobs.worker import Worker
    from app.logs import configure_logs
    from app.retention.daily import DailyRetention
    from app.settings import DatabaseSettings

    if exit_with_parent:
        process.exit_with_parent()
    configure_logs()
    settings = DatabaseSettings()
    database = open_database(settings)
    sealer, retention = Sealer(database, settings.audit_heads), DailyRetention(database, settings)
    sealer.start()
    retention.start()
    try:
        environment = None if until_idle else child_environment(settings)
        worker = Worker(database, concurrency=concurrency, child_environment=environment)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: worker.stop())
        if until_idle:
            typer.echo(f"{worker.run_until_idle()} runs done.")
        else:
            worker.run_forever()
    finally:
        retention.stop()
        sealer.stop()
        database.close()
