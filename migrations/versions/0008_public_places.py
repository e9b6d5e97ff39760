"""What the public may see: snap points, when a danger zone becomes public, published counts, and views of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from migrations.tenancy import (
    SERVICE,
    geometry,
    moment,
    protect,
    reference,
    required,
    spatial_index,
    tenant_table,
)

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

RANDOM_NUMBER = "('x' || left(replace(gen_random_uuid()::text, '-', ''), 12))::bit(48)::bigint"
"""Tells neither when a row was stored nor how many there are; programs that count in doubles read it exactly."""

MODERATED = "('open', 'in_plan', 'fix_under_way', 'fixed', 'confirmed', 'not_confirmed', 'reopened')"
MANY_OR_VERIFIED = "({0}.reporters >= 3 or {0}.verified)"

PLACE = f"""
create function place_in_public() returns trigger language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  publishable constant boolean := new.status in {MODERATED} and {MANY_OR_VERIFIED.format("new")};
  crs text;
  exact geometry;
begin
  if tg_op = 'INSERT' then
    new.public_id := {RANDOM_NUMBER};
  end if;
  if tg_op = 'INSERT' or old.public_geom is null or new.geom is distinct from old.geom then
    select m.working_crs into crs from municipality m where m.id = new.municipality_id;
    exact := st_setsrid(st_transform(st_centroid(new.geom), crs), 0);
    new.public_geom := (
      select p.geom from snap_point p
      where p.municipality_id = new.municipality_id
        and p.version_id = (select max(v.id) from snap_version v where v.municipality_id = new.municipality_id)
      order by p.place <-> exact, p.id limit 1);
  else
    new.public_geom := old.public_geom;
  end if;
  if not publishable then
    new.public_from := null;
  elsif tg_op = 'INSERT' then
    new.public_from := statement_timestamp();
  elsif old.public_from is not null then
    new.public_from := old.public_from;
  elsif new.verified or old.reporters >= 3 then
    new.public_from := statement_timestamp();
  else
    new.public_from := (
      select (date_trunc('month', statement_timestamp() at time zone m.time_zone) + interval '1 month')
        at time zone m.time_zone from municipality m where m.id = new.municipality_id);
  end if;
  return new;
end
$$
"""  # noqa: S608 - constants of this file
"""Chooses the public place once, and from when a zone is public: at once where staff made it so, from the next month on
where a third reporter did; polling the public layer tells no more than the month of a report."""

SENSITIVE = (
    "sex|rape|molest|indecen|prostitut|incest|porn|domestic|famil|spous|partner|child|minor|juvenil|infant|kidnap"
    "|abduct|traffick|suicid|stalk|abus|harass|exploit"
)
"""Words in the code of a category that must not be shown."""

CATEGORY = "case c.code when 'school-violence' then 'aggressive-groups' when 'drugs' then 'other' else c.code end"
LOCAL_MONTH = "date_trunc('month', z.reported_at at time zone m.time_zone)"

PUBLIC_ZONES = f"""
create view public_danger_zone with (security_invoker = true) as
select z.municipality_id, z.public_id as id, {CATEGORY} as category, z.status, z.day_part, z.weekday, z.season,
  to_char({LOCAL_MONTH}, 'YYYY-MM') as reported_month,
  {LOCAL_MONTH} at time zone m.time_zone as month_begin,
  ({LOCAL_MONTH} + interval '1 month' - interval '1 microsecond') at time zone m.time_zone as month_end,
  z.public_geom as geom
from danger_zone z
join municipality m on m.id = z.municipality_id
join category c on c.municipality_id = z.municipality_id and c.id = z.category_id
where z.status in {MODERATED} and {MANY_OR_VERIFIED.format("z")}
  and z.public_from <= statement_timestamp() and z.public_geom is not null
  and not c.sensitive and c.code !~ '{SENSITIVE}'
"""  # noqa: S608 - constants of this file
"""Danger zones as anybody may see them. ``school-violence`` and ``drugs`` are coarsened, not left out."""

PUBLIC_COUNTS = """
create view public_count with (security_invoker = true) as
select n.municipality_id, n.id, to_char(n.month, 'YYYY-MM') as month,
  n.month::timestamp at time zone m.time_zone as month_begin,
  (n.month + interval '1 month' - interval '1 microsecond') at time zone m.time_zone as month_end,
  n.area, n.counts, n.geom
from published_count n join municipality m on m.id = n.municipality_id
"""
"""Incidents of an area and a month, of which only what may be shown was ever stored."""


def upgrade() -> None:
    create_snap_points()
    op.add_column("danger_zone", required("public_id", sa.BigInteger(), server_default=sa.text(RANDOM_NUMBER)))
    op.alter_column("danger_zone", "public_id", server_default="0")
    op.add_column("danger_zone", sa.Column("public_from", moment()))
    op.create_unique_constraint(
        op.f("uq_danger_zone_municipality_id_public_id"), "danger_zone", ["municipality_id", "public_id"]
    )
    op.execute(PLACE)
    op.execute(
        "create trigger place_in_public before insert or update on danger_zone "
        "for each row execute function place_in_public()"
    )
    create_published_counts()
    for name, statement in (("public_danger_zone", PUBLIC_ZONES), ("public_count", PUBLIC_COUNTS)):
        op.execute(statement)
        op.execute(f"revoke all on {name} from public")
        op.execute(f"grant select on {name} to {SERVICE}")


def downgrade() -> None:
    op.execute("drop view public_count, public_danger_zone")
    op.execute("drop trigger place_in_public on danger_zone")
    op.execute("drop function place_in_public()")
    op.drop_constraint(op.f("uq_danger_zone_municipality_id_public_id"), "danger_zone")
    op.drop_column("danger_zone", "public_from")
    op.drop_column("danger_zone", "public_id")
    for table in ("published_count", "snap_point", "snap_version"):
        op.drop_table(table)


def create_snap_points() -> None:
    tenant_table(
        "snap_version",
        required("fingerprint", sa.String()),
        required("basis", sa.String()),
        required("least_addresses", sa.Integer()),
        required("summary", postgresql.JSONB()),
        required("created_at", moment(), server_default=sa.func.now()),
        sa.CheckConstraint("basis in ('addresses', 'residents')", name="known_basis"),
        sa.CheckConstraint("least_addresses >= 8", name="enough_addresses"),
    )
    tenant_table(
        "snap_point",
        required("version_id", sa.BigInteger()),
        required("geom", geometry("POINT")),
        required("place", Geometry("POINT", spatial_index=False)),
        required("addresses", sa.Double()),
        reference("version_id", "snap_version", ondelete="CASCADE"),
        sa.CheckConstraint("addresses = 0 or addresses >= 8", name="enough_addresses_or_none"),
    )
    spatial_index("snap_point", "place")
    op.create_index("ix_snap_point_version", "snap_point", ["municipality_id", "version_id"])
    for table in ("snap_version", "snap_point"):
        protect(table)


def create_published_counts() -> None:
    tenant_table(
        "published_count",
        required("month", sa.Date()),
        sa.Column("area", sa.String()),
        sa.Column("geom", geometry("MULTIPOLYGON")),
        required("counts", postgresql.JSONB()),
        required("published_at", moment(), server_default=sa.func.now()),
        sa.UniqueConstraint(
            "municipality_id",
            "month",
            "area",
            name=op.f("uq_published_count_municipality_id_month_area"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    protect("published_count")
