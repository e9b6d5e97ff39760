"""Jobs on the queue of procrastinate; who asked for a run, which run it repeats, and news of every change.

The tables and functions of the queue are those that procrastinate brings, in a schema of their own. Its functions name
each other without schema; each is told here where to look, so that they work whatever the caller's search path.
"""

from __future__ import annotations

from pathlib import Path

import procrastinate
import sqlalchemy as sa
from alembic import op

from migrations.tenancy import MAINTENANCE, QUEUE

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SCHEMA = "procrastinate"
QUEUE_SQL = "sql/schema.sql"
"""Its own statements, within its package; tests/app/database/test_job_queue.py notices when a new version changes them."""

FUNCTIONS = sa.text(
    "select cast(oid as regprocedure)::text from pg_proc where pronamespace = cast(:schema as regnamespace) order by 1"
)
ANNOUNCE = """
create function announce_run() returns trigger language plpgsql as $$
begin
    perform pg_notify('kvart_run', new.municipality_id || ':' || new.id);
    return null;
end $$
"""


def upgrade() -> None:
    op.add_column("analysis_run", sa.Column("requested_by", sa.BigInteger()))
    op.add_column("analysis_run", sa.Column("repeat_of", sa.BigInteger()))
    op.create_index(
        "ix_analysis_run_unfinished", "analysis_run", ["id"], postgresql_where=sa.text("state in ('queued', 'running')")
    )
    op.execute(ANNOUNCE)
    op.execute(
        """create trigger announce after insert or update of state, progress, message on analysis_run
        for each row execute function announce_run()"""
    )
    _create_queue()


def downgrade() -> None:
    op.execute(f"drop schema {SCHEMA} cascade")
    op.execute("drop trigger announce on analysis_run")
    op.execute("drop function announce_run()")
    op.drop_index("ix_analysis_run_unfinished", "analysis_run")
    op.drop_column("analysis_run", "repeat_of")
    op.drop_column("analysis_run", "requested_by")


def _create_queue() -> None:
    connection = op.get_bind()
    usual = connection.scalar(sa.text("select current_setting('search_path')"))
    op.execute(f"create schema {SCHEMA}")
    connection.execute(sa.text("select set_config('search_path', :path, true)"), {"path": SCHEMA})
    statements = (Path(procrastinate.__file__).parent / QUEUE_SQL).read_text(encoding="utf-8")
    connection.exec_driver_sql(statements, execution_options={"no_parameters": True})
    connection.execute(sa.text("select set_config('search_path', :path, true)"), {"path": usual})
    for function in connection.scalars(FUNCTIONS, {"schema": SCHEMA}).all():
        op.execute(f"alter function {function} set search_path = {SCHEMA}, pg_temp")
    for kind in ("tables", "sequences", "functions"):
        op.execute(f"revoke all on all {kind} in schema {SCHEMA} from public")
        op.execute(f"grant all on all {kind} in schema {SCHEMA} to {QUEUE}, {MAINTENANCE}")
    op.execute(f"grant usage on schema {SCHEMA} to {QUEUE}, {MAINTENANCE}")
