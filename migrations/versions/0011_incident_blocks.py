"""Packed copies of incidents, which the change or the deletion of an incident takes away in the same transaction."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.tenancy import protect, required

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

PACKED = ("x", "y", "moment", "category", "source")
FORGET_CHANGED = """
create function forget_block_of_changed_incident() returns trigger language plpgsql as $$
begin
    delete from incident_block where municipality_id = old.municipality_id and block = old.id >> 16;
    return null;
end $$
"""
ON_CHANGE = """
create trigger forget_block after update of x, y, occurred_from, category_id, source_id on incident for each row
when ((old.x, old.y, old.occurred_from, old.category_id, old.source_id)
    is distinct from (new.x, new.y, new.occurred_from, new.category_id, new.source_id))
execute function forget_block_of_changed_incident()
"""
FORGET_DELETED = """
create function forget_blocks_of_deleted_incidents() returns trigger language plpgsql as $$
begin
    delete from incident_block using (select distinct municipality_id, id >> 16 as block from deleted) as gone
    where incident_block.municipality_id = gone.municipality_id and incident_block.block = gone.block;
    return null;
end $$
"""
ON_DELETION = """
create trigger forget_blocks after delete on incident referencing old table as deleted for each statement
execute function forget_blocks_of_deleted_incidents()
"""


def upgrade() -> None:
    op.create_table(
        "incident_block",
        sa.Column(
            "municipality_id", sa.Integer(), sa.ForeignKey("municipality.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("block", sa.BigInteger(), primary_key=True, autoincrement=False),
        required("events", sa.Integer()),
        sa.Column("first", sa.BigInteger()),
        sa.Column("last", sa.BigInteger()),
        required("category_ids", postgresql.ARRAY(sa.BigInteger())),
        required("source_ids", postgresql.ARRAY(sa.BigInteger())),
        *(required(name, sa.LargeBinary()) for name in PACKED),
    )
    for name in PACKED:
        op.execute(f"alter table incident_block alter column {name} set storage external")
    protect("incident_block")
    for statement in (FORGET_CHANGED, ON_CHANGE, FORGET_DELETED, ON_DELETION):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop trigger forget_blocks on incident")
    op.execute("drop trigger forget_block on incident")
    op.execute("drop function forget_blocks_of_deleted_incidents()")
    op.execute("drop function forget_block_of_changed_incident()")
    op.drop_table("incident_block")
