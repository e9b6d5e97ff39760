"""One bundle of fixes a title; imported danger zones and fixes begin their histories with their import."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TITLE_KEY = r"lower(btrim(regexp_replace((title)::text, '\s+'::text, ' '::text, 'g'::text)))"
JOIN_TWINS = """
    update fix set bundle_id = kept.id
    from fix_bundle twin join (
        select municipality_id, title_key, min(id) as id from fix_bundle group by municipality_id, title_key
    ) kept on kept.municipality_id = twin.municipality_id and kept.title_key = twin.title_key
    where fix.municipality_id = twin.municipality_id and fix.bundle_id = twin.id and twin.id <> kept.id
"""
DESCRIBE_KEPT = """
    update fix_bundle kept set description = told.description
    from (
        select municipality_id, title_key, (array_agg(description order by id) filter (
            where description is not null))[1] as description
        from fix_bundle group by municipality_id, title_key
    ) told
    where told.municipality_id = kept.municipality_id and told.title_key = kept.title_key and kept.description is null
"""
DROP_TWINS = """
    delete from fix_bundle twin using fix_bundle kept
    where kept.municipality_id = twin.municipality_id and kept.title_key = twin.title_key and kept.id < twin.id
"""
BEGIN_ZONES = """
    insert into danger_zone_change (municipality_id, danger_zone_id, action, to_status, passed_on_to, other_zone_id,
        actor_kind, actor, changed_at)
    select z.municipality_id, z.id, 'import', z.status, z.passed_on_to, z.merged_into, 'import', '', z.updated_at
    from danger_zone z where z.batch_id is not null and not exists (
        select from danger_zone_change c where c.municipality_id = z.municipality_id and c.danger_zone_id = z.id)
"""
BEGIN_FIXES = """
    insert into fix_change (municipality_id, fix_id, step, to_status, actor, happened_on, changed_at)
    select f.municipality_id, f.id, 'import', f.status, '', (b.imported_at at time zone m.time_zone)::date, b.imported_at
    from fix f join import_batch b on b.municipality_id = f.municipality_id and b.id = f.batch_id
    join municipality m on m.id = f.municipality_id
    where not exists (select from fix_change c where c.municipality_id = f.municipality_id and c.fix_id = f.id)
"""


def upgrade() -> None:
    op.add_column(
        "fix_bundle", sa.Column("title_key", sa.String(), sa.Computed(TITLE_KEY, persisted=True), nullable=False)
    )
    for statement in (JOIN_TWINS, DESCRIBE_KEPT, DROP_TWINS):
        op.execute(sa.text(statement))
    op.create_unique_constraint(
        op.f("uq_fix_bundle_municipality_id_title_key"), "fix_bundle", ["municipality_id", "title_key"]
    )
    for column in ("from_status", "reason"):
        op.alter_column("fix_change", column, nullable=True)
    for statement in (BEGIN_ZONES, BEGIN_FIXES):
        op.execute(sa.text(statement))


def downgrade() -> None:
    op.execute("delete from danger_zone_change where action = 'import'")
    op.execute("delete from fix_change where step = 'import'")
    for column in ("from_status", "reason"):
        op.alter_column("fix_change", column, nullable=False)
    op.drop_constraint(op.f("uq_fix_bundle_municipality_id_title_key"), "fix_bundle")
    op.drop_column("fix_bundle", "title_key")
