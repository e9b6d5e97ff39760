"""Use cases of photos: take in, list, show, erase. Who may is decided by who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.errors import ConflictError, NotFoundError
from app.photos import repository
from app.photos.images import clean_photo

MOST_PHOTOS = 3
"""Of one report, of staff of one danger zone, and of each stage of one fix."""

__all__ = [
    "MOST_PHOTOS",
    "StoredPhoto",
    "add",
    "add_to_fix",
    "add_to_fix_once",
    "delete",
    "delete_of_report",
    "of_fix",
    "of_reports",
    "of_zone",
    "read",
]


@dataclass(frozen=True)
class StoredPhoto:
    """A photo that was taken in.

    Attributes
    ----------
    id, width, height : int
        Number, and pixels.
    """

    id: int
    width: int
    height: int


def add(
    session: Session,
    municipality_id: int,
    sent: bytes,
    *,
    report_id: int | None = None,
    danger_zone_id: int | None = None,
) -> StoredPhoto:
    """Make a photo anew and store it with a report or a danger zone.

    Raises
    ------
    ConflictError
        If there are three already.
    TooLargeError
        If it has too many bytes or pixels.
    InvalidInputError
        If it is no photo.
    """
    if report_id is not None:
        known = of_reports(session, municipality_id, [report_id]).get(report_id, [])
    else:
        known = of_zone(session, municipality_id, danger_zone_id or 0)
    _require_room(known)
    photo = clean_photo(sent)
    number = repository.insert_photo(
        session, municipality_id, photo, report_id=report_id, danger_zone_id=danger_zone_id
    )
    return StoredPhoto(number, photo.width, photo.height)


def add_to_fix(session: Session, municipality_id: int, sent: bytes, *, fix_id: int, stage: str) -> StoredPhoto:
    """Make a photo anew and store it with a fix, as taken ``before`` or ``after`` the work.

    Raises
    ------
    ConflictError
        If there are three of that stage already.
    TooLargeError
        If it has too many bytes or pixels.
    InvalidInputError
        If it is no photo.
    """
    _require_room([number for number, known in of_fix(session, municipality_id, fix_id) if known == stage])
    photo = clean_photo(sent)
    number = repository.insert_photo(session, municipality_id, photo, fix_id=fix_id, stage=stage)
    return StoredPhoto(number, photo.width, photo.height)


def add_to_fix_once(session: Session, municipality_id: int, sent: bytes, *, fix_id: int, stage: str) -> bool:
    """Store a photo with a fix as :func:`add_to_fix` does, unless it has the same already; tell whether it was new."""
    content = clean_photo(sent).content
    known = [number for number, stored in of_fix(session, municipality_id, fix_id) if stored == stage]
    if any(repository.read_content(session, municipality_id, number) == content for number in known):
        return False
    add_to_fix(session, municipality_id, sent, fix_id=fix_id, stage=stage)
    return True


def of_fix(session: Session, municipality_id: int, fix_id: int) -> list[tuple[int, str]]:
    """Return the numbers of the photos of a fix, each with its stage."""
    return repository.list_of_fix(session, municipality_id, fix_id)


def of_reports(session: Session, municipality_id: int, reports: Sequence[int]) -> dict[int, list[int]]:
    """Return the numbers of the photos of reports, by report."""
    found: dict[int, list[int]] = {}
    for report_id, photo_id in repository.list_of_reports(session, municipality_id, reports):
        found.setdefault(report_id, []).append(photo_id)
    return found


def of_zone(session: Session, municipality_id: int, danger_zone_id: int) -> list[int]:
    """Return the numbers of the photos that staff took of a danger zone."""
    return repository.list_of_zone(session, municipality_id, danger_zone_id)


def read(session: Session, municipality_id: int, photo_id: int) -> bytes:
    """Return a photo as JPEG.

    Raises
    ------
    NotFoundError
        If the municipality has no such photo.
    """
    content = repository.read_content(session, municipality_id, photo_id)
    if content is None:
        raise _no_such_photo(photo_id)
    return content


def delete(session: Session, municipality_id: int, photo_id: int) -> None:
    """Erase a photo.

    Raises
    ------
    NotFoundError
        If the municipality has no such photo.
    """
    if not repository.delete_photo(session, municipality_id, photo_id):
        raise _no_such_photo(photo_id)


def delete_of_report(session: Session, municipality_id: int, report_id: int) -> None:
    """Erase the photos of a report."""
    repository.delete_of_report(session, municipality_id, report_id)


def _require_room(known: Sequence[int]) -> None:
    if len(known) >= MOST_PHOTOS:
        raise ConflictError(f"There are {MOST_PHOTOS} photos already.", "No more are taken.", reason="too_many_photos")


def _no_such_photo(photo_id: int) -> NotFoundError:
    return NotFoundError(f"There is no photo {photo_id}.", "The reports of a danger zone list its photos.")
