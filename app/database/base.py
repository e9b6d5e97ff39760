"""What every table shares: naming, the tenant key and the geometry types.

Every tenant table has the primary key ``(municipality_id, id)`` and carries ``municipality_id`` in each UNIQUE and
FOREIGN KEY, so that row security needs no other column and an error message never reveals a neighbour's row.
"""

from __future__ import annotations

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import BigInteger, DateTime, ForeignKey, ForeignKeyConstraint, Identity, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

WGS84 = 4326
"""SRID of every stored geometry; projected metres stand beside it as plain ``x`` and ``y``."""
INSTANT = DateTime(timezone=True)
"""Type of every stored time."""

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Declarative base of all tables."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)


class TenantKey:
    """The key of a table that belongs to one municipality."""

    municipality_id: Mapped[int] = mapped_column(ForeignKey("municipality.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)


def geometry(kind: str = "GEOMETRY", **options: Any) -> Geometry:
    """Return the column type of a WGS 84 geometry; indexes are declared with the table, not here."""
    return Geometry(kind, srid=WGS84, spatial_index=False, **options)


def tenant_reference(column: str, target: str, ondelete: str | None = None) -> ForeignKeyConstraint:
    """Return a foreign key to ``target`` that cannot leave the municipality.

    ``ON DELETE SET NULL`` would also null the municipality, so an optional reference uses ``NO ACTION`` (the default).
    """
    return ForeignKeyConstraint(
        ["municipality_id", column], [f"{target}.municipality_id", f"{target}.id"], ondelete=ondelete
    )


def run_reference() -> ForeignKeyConstraint:
    """Return the reference of a result row to its run; a result goes with its run."""
    return ForeignKeyConstraint(
        ["municipality_id", "run_id"], ["analysis_run.municipality_id", "analysis_run.id"], ondelete="CASCADE"
    )
