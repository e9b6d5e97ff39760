"""The audit log, reporter links and retention."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.tenancy import (
    AUDIT,
    IDENTITY,
    OWN_ROWS,
    QUEUE,
    SERVICE,
    SERVICE_WIDE,
    admit,
    enclose,
    moment,
    one_of,
    protect,
    reference,
    required,
    tenant_table,
)

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KINDS = "collection alteration consultation disclosure combination erasure refusal sign-in"
TOLD = "municipality_id, kind, actor_kind, actor, account_id, what, purpose, address, request_id"
"""What a writer tells; number, time and batch are not its to choose."""

GUARD = """
create function refuse_change_of_audit() returns trigger language plpgsql as $$
declare
  stack text;
  sealed audit_event;
begin
  if tg_op <> 'TRUNCATE' then
    get diagnostics stack = pg_context;
    if stack like '%function erase_audit_events(%' then
      return case tg_op when 'DELETE' then old else new end;
    end if;
    if tg_table_name = 'audit_event' and tg_op = 'UPDATE' then
      sealed := old;
      sealed.batch_id := new.batch_id;
      if old.batch_id is null and new is not distinct from sealed then
        return new;
      end if;
    end if;
  end if;
  raise exception 'The audit log is append-only: % of % is refused.', lower(tg_op), tg_table_name
    using errcode = 'insufficient_privilege';
end
$$
"""

ERASE = """
create function erase_audit_events(older_than timestamptz) returns table (last_batch int, events bigint)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
  if older_than > clock_timestamp() - interval '365 days' then
    raise exception 'Audit events are kept for at least 365 days.' using errcode = 'insufficient_privilege';
  end if;
  select max(id) into last_batch from audit_batch where sealed_at < older_than;
  delete from audit_event where batch_id <= last_batch;
  get diagnostics events = row_count;
  update audit_batch set erased_at = clock_timestamp() where id <= last_batch and erased_at is null;
  return next;
end
$$
"""


def upgrade() -> None:
    create_events()
    create_batches()
    guard("audit_event")
    guard("audit_batch")
    op.execute(ERASE)
    create_reporter_links()
    create_retention_rules()
    let_in()


def downgrade() -> None:
    op.execute(f"drop policy {AUDIT}_select on municipality")
    op.execute(f"revoke all on municipality from {AUDIT}")
    op.execute("drop table retention_rule, reporter_link, audit_event, audit_batch")
    op.execute("drop function erase_audit_events(timestamptz), refuse_change_of_audit()")


def create_events() -> None:
    """Create the log; it refers to no other table: it outlives what it tells of, and takes no locks there."""
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("municipality_id", sa.Integer()),
        required("occurred_at", moment(), server_default=sa.func.clock_timestamp()),
        required("kind", sa.String()),
        required("actor_kind", sa.String()),
        required("actor", sa.String()),
        sa.Column("account_id", sa.BigInteger()),
        required("what", postgresql.JSONB()),
        sa.Column("purpose", sa.String()),
        sa.Column("address", sa.String()),
        sa.Column("request_id", sa.String()),
        sa.Column("batch_id", sa.Integer()),
        one_of("kind", KINDS),
    )
    op.create_index("ix_audit_event_municipality", "audit_event", ["municipality_id", "id"])
    op.create_index("ix_audit_event_unsealed", "audit_event", ["id"], postgresql_where="batch_id is null")


def create_batches() -> None:
    op.create_table(
        "audit_batch",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        required("previous", sa.String(64)),
        required("digest", sa.String(64)),
        required("first_event", sa.BigInteger()),
        required("last_event", sa.BigInteger()),
        required("events", sa.Integer()),
        required("sealed_at", moment()),
        sa.Column("erased_at", moment()),
    )


def guard(table: str) -> None:
    """Refuse every change but the seal, to everybody, also where triggers are switched to replica."""
    if table == "audit_event":
        op.execute(GUARD)
    for name, when in (("row", "update or delete on {} for each row"), ("all", "truncate on {} for each statement")):
        op.execute(
            f"create trigger append_only_{name} before {when.format(table)} execute function refuse_change_of_audit()"
        )
        op.execute(f"alter table {table} enable always trigger append_only_{name}")


def create_reporter_links() -> None:
    tenant_table(
        "reporter_link",
        required("danger_zone_id", sa.BigInteger()),
        required("token_sha256", sa.LargeBinary()),
        sa.Column("contact", sa.String()),
        required("created_at", moment(), server_default=sa.func.now()),
        required("expires_at", moment()),
        sa.CheckConstraint("length(token_sha256) = 32", name="token_is_hashed"),
        sa.UniqueConstraint("municipality_id", "token_sha256"),
        reference("danger_zone_id", "danger_zone", ondelete="CASCADE"),
    )
    op.create_index("ix_reporter_link_danger_zone", "reporter_link", ["municipality_id", "danger_zone_id"])


def create_retention_rules() -> None:
    op.create_table(
        "retention_rule",
        sa.Column(
            "municipality_id", sa.Integer(), sa.ForeignKey("municipality.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("collection", sa.String(), primary_key=True),
        sa.Column("days", sa.Integer()),
        required("changed_at", moment(), server_default=sa.func.now()),
        sa.CheckConstraint("days between 1 and 36500", name="days_in_range"),
    )


def let_in() -> None:
    """Let writers add what they may tell, readers see their municipality, the sealer see all and seal."""
    enclose("audit_event")
    enclose("audit_batch")
    admit("audit_event", SERVICE, "select", rows=f"{OWN_ROWS} or {SERVICE_WIDE}")
    admit(
        "audit_event", SERVICE, "insert", rows=f"municipality_id is null or {OWN_ROWS} or {SERVICE_WIDE}", columns=TOLD
    )
    for role in (IDENTITY, QUEUE, AUDIT):
        admit("audit_event", role, "insert", columns=TOLD)
    admit("audit_event", AUDIT, "select")
    admit("audit_event", AUDIT, "update", columns="batch_id")
    admit("audit_batch", AUDIT, "select", "insert")
    admit("municipality", AUDIT, "select")
    op.execute("revoke all on function erase_audit_events(timestamptz) from public")
    op.execute(f"grant execute on function erase_audit_events(timestamptz) to {AUDIT}")
    protect("reporter_link")
    protect("retention_rule")
