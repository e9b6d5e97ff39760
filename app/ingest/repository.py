"""Every SQL statement of the imports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shapely import MultiPolygon, from_wkb
from sqlalchemy import Select, func, insert, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from analysis.summary import Notice, software_version
from app.database import copying
from app.database.base import WGS84
from app.database.driver import copy_columns
from app.database.tables import Base, Category, ImportBatch, Municipality, QuarantinedRow, Source
from app.database.titles import title_key
from app.ingest.findings import QuarantineEntry

STAGING = "staged_rows"
_KEY = ("municipality_id", "source_id", "external_id")
_SAME_ROW = " and ".join(f"stored.{name} = staged.{name}" for name in _KEY)
_NAMED_LINKS = "unnest(cast(:fixes as bigint[]), cast(:zones as bigint[])) as named(fix_id, danger_zone_id)"
_TAKE_LINKS_BACK = text(
    f"""
    delete from fix_danger_zone l
    where l.municipality_id = :municipality and l.imported and l.fix_id = any(:told) and not exists (
        select from {_NAMED_LINKS} where named.fix_id = l.fix_id and named.danger_zone_id = l.danger_zone_id)
    """  # noqa: S608 - a constant of this module
)
_LINK_FIXES = text(
    f"""
    insert into fix_danger_zone (municipality_id, fix_id, danger_zone_id, imported)
    select :municipality, fix_id, danger_zone_id, true from {_NAMED_LINKS}
    on conflict (municipality_id, fix_id, danger_zone_id) do nothing
    """  # noqa: S608 - a constant of this module
)


@dataclass(frozen=True)
class Counts:
    """How the rows of a batch ended; they add up to the rows read."""

    accepted: int
    updated: int
    unchanged: int
    quarantined: int

    @property
    def rows_read(self) -> int:
        """All rows of the file."""
        return self.accepted + self.updated + self.unchanged + self.quarantined


def boundary(session: Session, municipality_id: int) -> MultiPolygon:
    """Return the boundary of a municipality in WGS 84."""
    query = select(func.ST_AsBinary(Municipality.boundary)).where(Municipality.id == municipality_id)
    return from_wkb(bytes(session.scalars(query).one()))


def find_boundary(session: Session, code: str) -> MultiPolygon | None:
    """Return the boundary of the municipality of that code in WGS 84, None if there is none."""
    found = session.scalars(select(func.ST_AsBinary(Municipality.boundary)).where(Municipality.code == code)).first()
    return None if found is None else from_wkb(bytes(found))


def open_source(session: Session, municipality_id: int, kind: str, name: str) -> tuple[int, dict[str, Any]]:
    """Return key and profile of a source, made if it is new; another import of it waits until this one ends."""
    statement = upsert(Source).values(municipality_id=municipality_id, kind=kind, name=name, profile={})
    statement = statement.on_conflict_do_update(
        index_elements=["municipality_id", "kind", "name"], set_={"updated_at": func.now()}
    )
    key, profile = session.execute(statement.returning(Source.id, Source.profile)).one()
    return int(key), dict(profile)


def store_profile(session: Session, municipality_id: int, source_id: int, profile: Mapping[str, Any]) -> None:
    """Keep the profile by which the files of a source are read."""
    session.execute(
        update(Source)
        .where(Source.municipality_id == municipality_id, Source.id == source_id)
        .values(profile=dict(profile))
    )


def open_batch(session: Session, municipality_id: int, source_id: int, file_name: str, sha256: str) -> int:
    """Store an import batch without rows and return its key."""
    nothing = {"rows_read": 0, "accepted": 0, "updated": 0, "unchanged": 0, "quarantined": 0}
    statement = insert(ImportBatch).values(
        municipality_id=municipality_id,
        source_id=source_id,
        file_name=file_name,
        file_sha256=sha256,
        software_version=software_version(),
        **nothing,
    )
    return int(session.scalars(statement.returning(ImportBatch.id)).one())


def close_batch(
    session: Session, municipality_id: int, batch_id: int, counts: Counts, warnings: Sequence[Notice]
) -> None:
    """Store how the rows of a batch ended."""
    session.execute(
        update(ImportBatch)
        .where(ImportBatch.municipality_id == municipality_id, ImportBatch.id == batch_id)
        .values(
            rows_read=counts.rows_read,
            accepted=counts.accepted,
            updated=counts.updated,
            unchanged=counts.unchanged,
            quarantined=counts.quarantined,
            warnings=[{"code": notice.code, "message": notice.message} for notice in warnings],
        )
    )


def ensure_categories(
    session: Session, municipality_id: int, kind: str, labels: Mapping[str, str], sensitive: Iterable[str]
) -> dict[str, int]:
    """Return the key of each category (code to label), storing those that are new and marking the sensitive ones."""
    if labels:
        rows = [
            {"municipality_id": municipality_id, "kind": kind, "code": code, "label": label}
            for code, label in sorted(labels.items())
        ]
        session.execute(upsert(Category).on_conflict_do_nothing(), rows)
    of_kind = (Category.municipality_id == municipality_id) & (Category.kind == kind)
    hidden = sorted(set(sensitive))
    if hidden:
        session.execute(update(Category).where(of_kind, Category.code.in_(hidden)).values(sensitive=True))
    found = session.execute(select(Category.code, Category.id).where(of_kind, Category.code.in_(sorted(labels))))
    return {str(code): int(key) for code, key in found}


def referenced_rows(
    session: Session, municipality_id: int, table: str, codes: Sequence[str], source_id: int | None = None
) -> dict[str, int]:
    """Return the key of the latest row of a table, of one source or of any, for each identifier that it knows."""
    target = Base.metadata.tables[table]
    of_codes = (target.c.municipality_id == municipality_id) & target.c.external_id.in_(codes)
    if source_id is not None:
        of_codes &= target.c.source_id == source_id
    latest: Select[Any] = (
        select(target.c.external_id, func.max(target.c.id)).where(of_codes).group_by(target.c.external_id)
    )
    return {str(code): int(key) for code, key in session.execute(latest)}


def ensure_titled(session: Session, municipality_id: int, table: str, titles: Sequence[str]) -> dict[str, int]:
    """Return the key of the row of a table that has each title, storing those that are new.

    Titles are the same as `app.database.titles` says. Of two imports at once one stores a title, the other waits.
    """
    if not titles:
        return {}
    rows = [{"municipality_id": municipality_id, "title": title} for title in sorted(titles)]
    session.execute(upsert(Base.metadata.tables[table]).on_conflict_do_nothing(), rows)
    same = text(
        "select asked.title, t.id from unnest(cast(:titles as text[])) as asked(title) "  # noqa: S608 - a table's name
        f'join "{table}" t on t.municipality_id = :municipality and t.title_key = {title_key("asked.title")}'
    )
    found = session.execute(same, {"titles": list(titles), "municipality": municipality_id})
    return {str(title): int(key) for title, key in found}


def link_fixes_to_zones(session: Session, municipality_id: int, zones_of_fixes: Mapping[int, Sequence[int]]) -> None:
    """Link fixes to these further danger zones, and take back those that only earlier imports named."""
    pairs = [(fix, zone) for fix, zones in zones_of_fixes.items() for zone in zones]
    named = {"fixes": [fix for fix, _ in pairs], "zones": [zone for _, zone in pairs], "municipality": municipality_id}
    session.execute(_TAKE_LINKS_BACK, named | {"told": list(zones_of_fixes)})
    session.execute(_LINK_FIXES, named)


def has_rows(session: Session, table: str, municipality_id: int, source_id: int) -> bool:
    """Return whether rows of a source are stored."""
    target = Base.metadata.tables[table]
    of_source = (target.c.municipality_id == municipality_id) & (target.c.source_id == source_id)
    return session.execute(select(literal_column("1")).where(of_source).limit(1)).first() is not None


def count_other_files(session: Session, municipality_id: int, source_id: int, sha256: str) -> int:
    """Return how many rows of a source came from files with another content."""
    query = select(func.coalesce(func.sum(ImportBatch.accepted), 0)).where(
        ImportBatch.municipality_id == municipality_id,
        ImportBatch.source_id == source_id,
        ImportBatch.file_sha256 != sha256,
    )
    return int(session.scalars(query).one())


def count_alike(session: Session, table: str, place: str, municipality_id: int, rows: Sequence[tuple[Any, ...]]) -> int:
    """Return how many of these (key, identifier, longitude, latitude) are stored so; places within about 10 m."""
    numbers, codes, longitudes, latitudes = (list(column) for column in zip(*rows, strict=True)) if rows else [[]] * 4
    statement = text(
        f"""
        select count(*) from unnest(cast(:numbers as bigint[]), cast(:codes as text[]), cast(:x as float8[]),
            cast(:y as float8[])) as told(id, code, x, y)
        join "{table}" r on r.municipality_id = :municipality and r.id = told.id
            and r.external_id is not distinct from told.code
            and st_dwithin(st_centroid(r.{place}), st_setsrid(st_makepoint(told.x, told.y), {WGS84}), 1e-4)
        """  # noqa: S608 - names of a table and a column
    )
    values = {"numbers": numbers, "codes": codes, "x": longitudes, "y": latitudes, "municipality": municipality_id}
    return int(session.scalar(statement, values) or 0)


def count_of_other_sources(
    session: Session, table: str, municipality_id: int, source_id: int, numbers: Sequence[int]
) -> int:
    """Return how many rows with these keys are stored and came from another source, or from none."""
    target = Base.metadata.tables[table]
    other = (
        target.c.municipality_id == municipality_id,
        target.c.id == func.any(list(numbers)),
        target.c.source_id.is_distinct_from(source_id),
    )
    return int(session.scalar(select(func.count()).select_from(target).where(*other)) or 0)


def create_staging(session: Session, table: str) -> str:
    """Create an empty temporary table with the columns of ``table`` and return its name."""
    session.execute(text(f'create temporary table {STAGING} (like "{table}" including defaults) on commit drop'))
    session.execute(text(f"alter table {STAGING} alter column id drop not null"))
    return STAGING


def keep_counted(session: Session, table: str, column: str, told: str) -> None:
    """Let staged rows keep what was counted here: a number changes by as much as that of the supplier did.

    Where it is not known what the supplier told last, the larger number counts.
    """
    session.execute(
        text(
            f"update {STAGING} as staged set {column} = case when stored.{told} is null "  # noqa: S608 - names
            f"then greatest(stored.{column}, staged.{column}) "
            f"else greatest(0, stored.{column} + staged.{column} - stored.{told}) end "
            f'from "{table}" as stored where {_SAME_ROW}'
        )
    )


def leave_words_to_reports(session: Session) -> None:
    """Let staged danger zones not take the words of a report for their own: they are erased with the report."""
    session.execute(
        text(
            f"update {STAGING} as staged set description = null from danger_zone as stored "  # noqa: S608 - names
            f"where {_SAME_ROW} and stored.description is null and exists (select from report as r "
            "where r.municipality_id = stored.municipality_id and r.danger_zone_id = stored.id "
            "and r.description = staged.description)"
        )
    )


def merge_staging(
    session: Session, table: str, columns: Sequence[str], guessed: Collection[str] = ()
) -> tuple[int, int]:
    """Bring the staged rows into their table; return how many were new and how many changed a stored row.

    Columns that are ``guessed`` change no stored row.
    """
    session.execute(text(f"analyze {STAGING}"))
    values = [f'"{column}"' for column in columns if column not in {*_KEY, "batch_id", *guessed}]
    changed = session.execute(
        text(
            f'update "{table}" as stored set '  # noqa: S608 - names of tables and columns
            + ", ".join(f"{column} = staged.{column}" for column in [*values, "batch_id"])
            + f" from {STAGING} as staged where {_SAME_ROW} and ("
            + ", ".join(f"stored.{column}" for column in values)
            + ") is distinct from ("
            + ", ".join(f"staged.{column}" for column in values)
            + ")"
        )
    )
    listed = ", ".join(f'"{column}"' for column in columns)
    new = session.execute(
        text(
            f'insert into "{table}" ({listed}) select {listed} from {STAGING} as staged '  # noqa: S608 - names
            f'where not exists (select from "{table}" as stored where {_SAME_ROW})'
        )
    )
    return _row_count(new), _row_count(changed)


def store_quarantine(session: Session, municipality_id: int, batch_id: int, entries: Sequence[QuarantineEntry]) -> None:
    """Store the rows of a batch that were not taken in."""
    if not entries:
        return
    n_rows = len(entries)
    columns: dict[str, copying.Column] = {
        "municipality_id": copying.integers([municipality_id] * n_rows, 4),
        "batch_id": copying.integers([batch_id] * n_rows, 8),
        "line": copying.integers([entry.line for entry in entries], 8),
        "raw": copying.json_documents(entry.raw for entry in entries),
        "reasons": copying.json_documents(list(entry.reasons) for entry in entries),
    }
    copy_columns(session, QuarantinedRow.__tablename__, columns)


def _row_count(result: Any) -> int:
    return int(result.rowcount)
