"""Every SQL statement about photos."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from app.photos.images import CleanPhoto
from app.photos.models import Photo


def insert_photo(session: Session, municipality_id: int, photo: CleanPhoto, **of: int | str | None) -> int:
    """Store a photo and return its identifier; ``of`` says whose: ``report_id``, ``danger_zone_id``, or a fix's."""
    values = {"municipality_id": municipality_id, "width": photo.width, "height": photo.height, **of}
    return session.scalars(insert(Photo).values(**values, content=photo.content).returning(Photo.id)).one()


def list_of_reports(session: Session, municipality_id: int, reports: Sequence[int]) -> list[tuple[int, int]]:
    """Return report and photo of each photo of these reports, oldest first."""
    statement = select(Photo.report_id, Photo.id).where(
        Photo.municipality_id == municipality_id, Photo.report_id == func.any(list(reports))
    )
    return [(row.report_id, row.id) for row in session.execute(statement.order_by(Photo.id))]


def list_of_zone(session: Session, municipality_id: int, danger_zone_id: int) -> list[int]:
    """Return the photos that staff took of a danger zone, oldest first."""
    mine = (Photo.municipality_id == municipality_id, Photo.danger_zone_id == danger_zone_id)
    return list(session.scalars(select(Photo.id).where(*mine).order_by(Photo.id)))


def list_of_fix(session: Session, municipality_id: int, fix_id: int) -> list[tuple[int, str]]:
    """Return the photos of a fix with their stage, oldest first."""
    mine = (Photo.municipality_id == municipality_id, Photo.fix_id == fix_id)
    rows = session.execute(select(Photo.id, Photo.stage).where(*mine).order_by(Photo.id))
    return [(row.id, row.stage or "") for row in rows]


def read_content(session: Session, municipality_id: int, photo_id: int) -> bytes | None:
    """Return a photo as JPEG."""
    mine = (Photo.municipality_id == municipality_id, Photo.id == photo_id)
    return session.scalar(select(Photo.content).where(*mine))


def delete_of_report(session: Session, municipality_id: int, report_id: int) -> None:
    """Erase the photos of a report."""
    session.execute(delete(Photo).where(Photo.municipality_id == municipality_id, Photo.report_id == report_id))


def delete_photo(session: Session, municipality_id: int, photo_id: int) -> bool:
    """Erase a photo; False where there is none."""
    mine = (Photo.municipality_id == municipality_id, Photo.id == photo_id)
    return session.execute(delete(Photo).where(*mine).returning(Photo.id)).one_or_none() is not None
