"""Photos of fixes from a folder: each file is named by the fix and by when it was taken."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.events import OPERATOR, AuditEvent
from app.errors import ConflictError, InvalidInputError, NotFoundError, TooLargeError
from app.fixes import repository
from app.municipalities.context import MunicipalityContext
from app.photos import service as photos

NAMED = re.compile(r"(?P<fix>.+)_(?P<stage>before|after)(?:_\w+)?", re.IGNORECASE)
ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True)
class TakenPhotos:
    """How the photos of a folder ended.

    Attributes
    ----------
    added, known : int
        Stored now, and stored before.
    """

    added: int
    known: int


def take_in_photos(session: Session, municipality: MunicipalityContext, folder: Path) -> TakenPhotos:
    """Store the photos of a folder with their fixes: ``<identifier of the fix>_before.jpg``, ``..._after_2.png``.

    All of them are stored or, on any error, none; a photo that is stored already is not stored twice.

    Raises
    ------
    NotFoundError
        There is no such folder, no photo in it, or no such fix.
    InvalidInputError
        A file is named otherwise or is no photo.
    TooLargeError, ConflictError
        A photo is too large, or a fix has three of that stage already.
    """
    files = _photo_files(folder)
    named = {path: _read_name(path) for path in files}
    fixes = repository.fixes_by_external_id(session, municipality.id, sorted({fix for fix, _ in named.values()}))
    added = 0
    for path, (code, stage) in named.items():
        if code not in fixes:
            raise NotFoundError(f"{path.name}: there is no fix {code}.", "Import the fixes first.")
        added += _store(session, municipality.id, path, fixes[code], stage)
    taken = TakenPhotos(added, len(files) - added)
    what = {"collection": "fix-photos", **asdict(taken)}
    audit.record(session, AuditEvent("collection", municipality.id, OPERATOR, what))
    return taken


def _photo_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise NotFoundError(f"There is no folder {folder}.", "Give the folder that holds the photos.")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)
    if not files:
        raise NotFoundError(f"There is no photo in {folder}.", f"Photos end in {', '.join(sorted(ENDINGS))}.")
    return files


def _read_name(path: Path) -> tuple[str, str]:
    parts = NAMED.fullmatch(path.stem)
    if parts is None:
        hint = "Name it by the fix and the stage, for example FX-01_before.jpg or FX-01_after_2.jpg."
        raise InvalidInputError(f"{path.name} does not tell which fix it shows.", hint)
    return parts["fix"], parts["stage"].lower()


def _store(session: Session, municipality_id: int, path: Path, fix_id: int, stage: str) -> bool:
    try:
        return photos.add_to_fix_once(session, municipality_id, path.read_bytes(), fix_id=fix_id, stage=stage)
    except (InvalidInputError, TooLargeError, ConflictError) as error:
        raise type(error)(f"{path.name}: {error.message}", error.hint, **error.details) from error
