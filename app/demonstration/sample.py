"""The files of a sample, and how they come into the database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from app.database.sessions import Database
from app.errors import NotFoundError
from app.fixes.photo_files import take_in_photos
from app.ingest.municipalities import MunicipalityOptions, import_municipalities
from app.ingest.profiles import load_profile
from app.ingest.report import ImportReport
from app.ingest.service import import_file
from app.municipalities import service as municipalities
from app.municipalities.context import MunicipalityContext
from app.public_places import service as public_places

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"
SOURCE = "sample"

SAMPLE_FILES: tuple[tuple[str, str], ...] = (
    ("areal-units", "areal_units.gpkg"),
    ("streets", "streets.geojson"),
    ("incidents", "incidents.csv"),
    ("danger-zones", "danger_zones.geojson"),
    ("reports", "reports.csv"),
    ("street-lights", "street_lights.csv"),
    ("street-light-outages", "street_light_outages.csv"),
    ("fixes", "fixes.geojson"),
    ("beats", "beat_plan.csv"),
    ("officers", "officers.csv"),
)
"""Kind and file, in an order in which each finds what it refers to."""

PHOTOS = "fix_photos"
"""Folder with photos of fixes."""

Tell = Callable[[str, float, str], None]
"""Told the step, the fraction of it that is done, and what is being done."""


def import_sample(database: Database, sample: Path, tell: Tell) -> tuple[MunicipalityContext, tuple[ImportReport, ...]]:
    """Import every file of a sample and choose the public places; what is stored already is not stored twice.

    Raises
    ------
    NotFoundError
        There is no sample in the directory.
    KvartError
        An import failed; says why.
    """
    if not (sample / "municipality.geojson").is_file():
        raise NotFoundError(f"There is no sample in {sample}.", "Name its directory with --sample.")
    told = import_municipalities(database, sample / "municipality.geojson", MunicipalityOptions())
    code = (*told.created, *told.unchanged)[0]
    with database.transaction() as session:
        municipality = municipalities.find_municipality(session, code)
    imports = tuple(_import(database, municipality, kind, sample / name, tell) for kind, name in SAMPLE_FILES)
    with database.inside(municipality.id) as session:
        if (sample / PHOTOS).is_dir():
            take_in_photos(session, municipality, sample / PHOTOS)
        public_places.build_points(session, municipality)
    return municipality, imports


def _import(database: Database, municipality: MunicipalityContext, kind: str, path: Path, tell: Tell) -> ImportReport:
    profile_path = path.parent / "profiles" / f"{path.stem}.toml"
    return import_file(
        database,
        municipality.code,
        kind,
        path,
        source=SOURCE,
        profile=load_profile(profile_path) if profile_path.is_file() else None,
        progress=lambda fraction, told: tell(f"import {kind}", fraction, told),
    )
