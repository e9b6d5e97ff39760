"""The life of beat plans: who changed their status and why, frozen once published, officers who may be named."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.tenancy import moment, one_of, protect, reference, required, tenant_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FORMER_KINDS = (
    "import kernel-density getis-ord sensitivity change hot-spot-history emerging-hot-spots near-repeat "
    "temporal-profile clusters top-places network-density back-test beat-allocation"
)
KINDS = f"{FORMER_KINDS} beat-redraw officer-assignment trade-off"

GUARD_PLAN = """
create function refuse_change_of_published_plan() returns trigger language plpgsql as $$
begin
  if old.status not in ('published', 'superseded') then
    return case tg_op when 'DELETE' then old else new end;
  end if;
  if tg_op = 'DELETE' then
    if not exists (select from municipality where id = old.municipality_id) then
      return old;
    end if;
  elsif to_jsonb(new) - array['status', 'effective_to'] = to_jsonb(old) - array['status', 'effective_to']
    and (new.status = 'superseded' or new.status = old.status) then
    return new;
  end if;
  raise exception 'Beat plan % was published: it is frozen.', old.id using errcode = 'restrict_violation';
end
$$
"""
GUARD_PARTS = """
create function refuse_change_of_published_beats() returns trigger language plpgsql as $$
declare
  frozen bigint;
begin
  select plan.id into frozen from (select distinct municipality_id, plan_id from changed) as touched
  join beat_plan as plan on plan.municipality_id = touched.municipality_id and plan.id = touched.plan_id
  join municipality on municipality.id = plan.municipality_id
  where plan.status in ('published', 'superseded') limit 1;
  if frozen is not null then
    raise exception 'Beat plan % was published: it is frozen.', frozen using errcode = 'restrict_violation';
  end if;
  return null;
end
$$
"""
FILL_REASONS = """
update beat set reason = (
  select told ->> 'code' from jsonb_array_elements(
    case jsonb_typeof(plan.report -> 'reasons') when 'array' then plan.report -> 'reasons' else '[]' end) as told
  where told ->> 'beat_id' = beat.code limit 1)
from beat_plan as plan where plan.municipality_id = beat.municipality_id and plan.id = beat.plan_id
"""
GUARDED_PARTS = ("beat", "beat_membership")
EVENTS = (("insert", "new"), ("update", "old"), ("update", "new"), ("delete", "old"))


def upgrade() -> None:
    allow_kinds(KINDS)
    add_columns()
    create_changes()
    protect("plan_change")
    op.execute(GUARD_PLAN)
    op.execute(GUARD_PARTS)
    op.execute(
        "create trigger frozen_when_published before update or delete on beat_plan "
        "for each row execute function refuse_change_of_published_plan()"
    )
    for table in GUARDED_PARTS:
        for event, rows in EVENTS:
            op.execute(
                f"create trigger frozen_{event}_{rows} after {event} on {table} referencing {rows} table as changed "
                "for each statement execute function refuse_change_of_published_beats()"
            )


def downgrade() -> None:
    for table in GUARDED_PARTS:
        for event, rows in EVENTS:
            op.execute(f"drop trigger frozen_{event}_{rows} on {table}")
    op.execute("drop trigger frozen_when_published on beat_plan")
    op.execute("drop function refuse_change_of_published_beats()")
    op.execute("drop function refuse_change_of_published_plan()")
    op.drop_table("plan_change")
    for column in ("display_name", "published"):
        op.drop_column("officer", column)
    op.drop_column("beat_membership", "locked")
    op.drop_column("beat", "reason")
    for column in ("edit_tag", "parameters", "effective_to"):
        op.drop_column("beat_plan", column)
    listed = ", ".join(f"'{kind}'" for kind in FORMER_KINDS.split())
    op.execute(f"update beat_plan set run_id = null where run_id in {of_later_kinds(listed)}")  # noqa: S608 - constant
    op.execute(f"delete from analysis_run where kind not in ({listed})")  # noqa: S608 - constant kinds
    allow_kinds(FORMER_KINDS)


def of_later_kinds(listed: str) -> str:
    return f"(select id from analysis_run where kind not in ({listed}))"  # noqa: S608 - constant kinds


def allow_kinds(kinds: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds.split())
    op.drop_constraint(op.f("ck_analysis_run_known_kind"), "analysis_run")
    op.create_check_constraint(op.f("ck_analysis_run_known_kind"), "analysis_run", f"kind in ({listed})")


def add_columns() -> None:
    op.add_column("beat_plan", sa.Column("effective_to", sa.Date()))
    op.add_column("beat_plan", required("parameters", postgresql.JSONB(), server_default="{}"))
    op.add_column("beat_plan", required("edit_tag", sa.String(), server_default=""))
    op.add_column("beat", sa.Column("reason", sa.String()))
    op.execute(FILL_REASONS)
    op.add_column("beat_membership", required("locked", sa.Boolean(), server_default="false"))
    op.add_column("officer", sa.Column("display_name", sa.String()))
    op.add_column("officer", required("published", sa.Boolean(), server_default="false"))
    op.execute(
        "update beat_plan set effective_from = cast(created_at as date) "
        "where status in ('published', 'superseded') and effective_from is null"
    )


def create_changes() -> None:
    tenant_table(
        "plan_change",
        required("plan_id", sa.BigInteger()),
        required("action", sa.String()),
        required("from_status", sa.String()),
        required("to_status", sa.String()),
        required("reason", sa.String()),
        sa.Column("hand_over", sa.String()),
        required("actor", sa.String()),
        sa.Column("effective_from", sa.Date()),
        required("changed_at", moment(), server_default=sa.func.now()),
        one_of("to_status", "draft proposed approved published superseded"),
        reference("plan_id", "beat_plan", ondelete="CASCADE"),
    )
    op.create_index("ix_plan_change_plan", "plan_change", ["municipality_id", "plan_id"])
