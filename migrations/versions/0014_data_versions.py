"""A version of the data of each municipality, table by table, so that what was made of it need not be made again.

Each transaction that writes to a table adds a row with a random number; the sum of the numbers is the version. Nobody
waits for anybody, as they would for a counter, and a version never comes again with other data, also not after an older
backup was restored.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.tenancy import protect

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

WATCHED = (
    "incident",
    "category",
    "danger_zone",
    "report",
    "fix",
    "areal_unit",
    "street_segment",
    "street_light",
    "street_light_outage",
    "beat_plan",
    "beat",
    "beat_membership",
    "officer",
    "officer_assignment",
    "published_count",
    "hot_spot_cell",
    "density_cell",
    "result_feature",
)
NOTE_CHANGE = """
create function note_change() returns trigger language plpgsql as $$
declare
  noted constant text := 'kvart.changed_' || tg_table_name;
  municipality constant text := coalesce(nullif(current_setting('kvart.municipality', true), ''), '*');
begin
  if current_setting(noted, true) = municipality then
    return null;
  end if;
  perform set_config(noted, municipality, true);
  insert into public.data_change (municipality_id, relation, number)
  select m.id, tg_table_name, ('x' || left(replace(gen_random_uuid()::text, '-', ''), 15))::bit(60)::bigint
  from public.municipality m
  where m.id::text = municipality
    or (municipality = '*' and pg_has_role(current_user, 'kvart_maintenance', 'usage'));
  return null;
end
$$
"""
"""The municipality that the transaction has entered; every one where it has entered none, as those do who own the
tables. Nobody else changes a row without having entered, but for rows that go with their municipality."""


def upgrade() -> None:
    municipality = sa.ForeignKey("municipality.id", ondelete="CASCADE")
    op.create_table(
        "data_change",
        sa.Column("municipality_id", sa.Integer(), municipality, primary_key=True),
        sa.Column("relation", sa.String(), primary_key=True),
        sa.Column("number", sa.Numeric(), primary_key=True),
    )
    protect("data_change")
    op.execute(NOTE_CHANGE)
    for table in WATCHED:
        op.execute(
            f"create trigger note_change after insert or update or delete or truncate on {table} "
            "for each statement execute function note_change()"
        )


def downgrade() -> None:
    for table in WATCHED:
        op.execute(f"drop trigger note_change on {table}")
    op.execute("drop function note_change()")
    op.drop_table("data_change")
